"""A recording comes out of a hostile process: what is wrong in it is refused by name, and nothing that is thrown at the parser harms it."""
import copy
import json
import os
import random
import unittest
from typing import Callable

from kiln_runner.programs.recording import Copy, Fill, Launch, Recording, RecordingRefused, Recordings, Upload
from kiln_runner.programs.recording_shape import INPUTS_BASE, MEMORY_BYTES_MAX, OPERATIONS_MAX, WINDOW_BYTES_MAX, WINDOW_UNIT, arena_base
from test.python.programs.mutations import mutated
from test.python.programs.small_cubin import ARCHITECTURE, sample, word

# All of them take minutes: KILN_RECORDING_MUTATIONS=100000.
MUTATIONS = int(os.environ.get("KILN_RECORDING_MUTATIONS", "3000"))
SEED = 20_261


def parsed(document: dict, blobs: dict[str, bytes]) -> Recording:
    return Recordings(blobs, ARCHITECTURE).parse(json.dumps(document).encode())


def launch_of(document: dict) -> dict:
    return document["ops"][3]


Change = Callable[[dict], object]
# What is done to the sample -> the field that is named, and a word of the reason.
WRONG: dict[str, tuple[Change, str, str]] = {
    "another kind": (lambda d: d.update(kind="plan"), "kind", "recorded"),
    "a later version": (lambda d: d.update(version=2), "version", "at most 1"),
    "an unknown field": (lambda d: d.update(host="x"), "host", "not known"),
    "a missing field": (lambda d: d.pop("notes"), "notes", "missing"),
    "a window elsewhere": (lambda d: d["windows"][1].update(base=arena_base(3) + 4096), "windows[1].base", "none of the addresses"),
    "inputs where arenas are": (lambda d: d["windows"][0].update(base=arena_base(0)), "windows[0].base", "none of the addresses"),
    "a window of half a unit": (lambda d: d["windows"][1].update(bytes=WINDOW_UNIT // 2), "windows[1].bytes", "multiple"),
    "a huge window": (lambda d: d["windows"][1].update(bytes=2 * WINDOW_BYTES_MAX), "windows[1].bytes", "at most"),
    "one window twice": (lambda d: d["windows"].__setitem__(0, d["windows"][1]), "windows", "twice"),
    "a segment beyond its window": (lambda d: d["segments"][3].update(offset=2 * WINDOW_UNIT), "segments[3]", "outside"),
    "a segment of no window": (lambda d: d.update(windows=d["windows"][1:]), "segments[0]", "outside"),
    "segments that overlap": (lambda d: d["segments"][2].update(offset=512), "segments", "overlap"),
    "an input without a tensor": (lambda d: d["segments"][0].pop("tensor"), "segments[0].tensor", "must be there"),
    "two outputs of one tensor": (lambda d: d["segments"][0].update(tensor="out"), "segments", "tensor twice"),
    "an image of another size": (lambda d: d["segments"][1].update(bytes=512), "segments[1].image", "same size"),
    "an image of an input": (lambda d: d["segments"][0].update(image=d["images"][0]["hash"]), "segments[0].image", "static"),
    "a static segment of nothing": (lambda d: d["segments"][1].pop("image"), "segments[1].image", "must be there for static"),
    "an image that did not come": (lambda d: d["images"][0].update(hash="0" * 64), "images[0].hash", "did not come"),
    "a module that did not come": (lambda d: d["modules"][0].update(hash="0" * 64), "modules[0].hash", "did not come"),
    "a module twice": (lambda d: d["modules"].append(d["modules"][0]), "modules", "twice"),
    "a module nobody launches": (lambda d: d.update(ops=d["ops"][:3]), "modules", "launched by no operation"),
    "an operation of another kind": (lambda d: d["ops"].append({"op": "graph"}), "ops[5].op", "launch, set, copy, upload"),
    "no operations": (lambda d: d.update(ops=[]), "ops", f"1 to {OPERATIONS_MAX}"),
    "too many operations": (lambda d: d.update(ops=d["ops"][:1] * (OPERATIONS_MAX + 1)), "ops", f"1 to {OPERATIONS_MAX}"),
    "a kernel that is not there": (lambda d: launch_of(d).update(kernel="other"), "ops[3].kernel", "no kernel"),
    "a parameter too few": (lambda d: launch_of(d)["params"].pop(), "ops[3].params", "takes [8, 8, 4]"),
    "a parameter too long": (lambda d: launch_of(d)["params"].__setitem__(2, word(1)), "ops[3].params", "takes [8, 8, 4]"),
    "a parameter that is not base64": (lambda d: launch_of(d)["params"].__setitem__(0, "A"), "ops[3].params[0]", "base64"),
    "a block of too many threads": (lambda d: launch_of(d).update(block=[1024, 2, 1]), "ops[3].block", "1024 in all"),
    "a grid of no blocks": (lambda d: launch_of(d).update(grid=[0, 1, 1]), "ops[3].grid[0]", "at least 1"),
    "a grid too high": (lambda d: launch_of(d).update(grid=[1, 65_536, 1]), "ops[3].grid", "at most"),
    "a cluster that does not divide": (lambda d: launch_of(d).update(cluster=[3, 1, 1]), "ops[3].cluster", "divide"),
    "more shared memory than there is": (lambda d: launch_of(d).update(shared=1 << 20), "ops[3].shared", "at most"),
    "a fill beyond the arena": (lambda d: d["ops"][0].update(count=1 << 22), "ops[0].at", "outside"),
    "a fill of three bytes": (lambda d: d["ops"][0].update(width=3), "ops[0].width", "1, 2 or 4"),
    "a value too wide": (lambda d: d["ops"][0].update(value=1 << 32), "ops[0].value", "fit the width"),
    "a copy from elsewhere": (lambda d: d["ops"][1].update({"from": 0x7F00_0000_0000}), "ops[1].from", "outside"),
    "an upload beyond the arena": (lambda d: d["ops"][2].update(to=arena_base(3) + 2 * WINDOW_UNIT - 8), "ops[2].to", "outside"),
    "an upload of nothing": (lambda d: d["ops"][2].update(data="0" * 64), "ops[2].data", "no image"),
    "a number with a fraction": (lambda d: launch_of(d).update(shared=0.5), "the recording", "whole numbers"),
    "a number that is none": (lambda d: launch_of(d).update(shared=float("nan")), "the recording", "whole numbers"),
    "true for a number": (lambda d: launch_of(d).update(shared=True), "ops[3].shared", "whole number"),
    "a long note": (lambda d: d["notes"].append("x" * 301), "notes[1]", "300"),
}


class OfOneCase(unittest.TestCase):
    def test_a_right_recording_is_read_as_it_was_written(self) -> None:
        found = parsed(*sample())
        arena = arena_base(3)
        self.assertEqual(list(map(type, found.operations)), [Fill, Copy, Upload, Launch, Launch])
        self.assertEqual(found.operations[1], Copy(INPUTS_BASE, arena + 1024, 4096))
        launch = found.operations[3]
        self.assertEqual((launch.kernel, launch.grid, launch.cluster), ("scale", (8, 1, 1), (2, 1, 1)))
        self.assertEqual([int.from_bytes(value, "little") for value in launch.parameters], [INPUTS_BASE, arena + 8192, 0])
        self.assertEqual([segment.address for segment in found.segments if segment.tensor], [INPUTS_BASE, arena + 8192])
        self.assertEqual(found.notes, ("reads a value on the host",))

    def test_what_is_wrong_is_refused_by_the_name_of_the_field(self) -> None:
        for name, (change, field, reason) in WRONG.items():
            with self.subTest(name):
                document, blobs = sample()
                change(document)
                with self.assertRaises(RecordingRefused) as refused:
                    parsed(document, blobs)
                self.assertEqual(refused.exception.field, field)
                self.assertIn(reason, str(refused.exception))

    def test_a_binary_for_another_device_is_refused(self) -> None:
        document, blobs = sample()
        with self.assertRaisesRegex(RecordingRefused, r"modules\[0\].*sm_90.*sm_120"):
            Recordings(blobs, "sm_120").parse(json.dumps(document).encode())

    def test_bytes_that_are_not_what_their_hash_says_are_refused(self) -> None:
        document, blobs = sample()
        blobs[document["images"][0]["hash"]] = bytes(1024)
        with self.assertRaisesRegex(RecordingRefused, "images.*not the hash"):
            parsed(document, blobs)

    def test_text_that_is_no_recording_is_refused(self) -> None:
        texts = (
            b"", b"[]", b"null", b"\xff\xfe", b'{"kind": "recorded"', b"[" * 100_000, b'{"a": ' * 100_000, b"1" * 100_000, b" " * (5 << 20),
            b'{"a":1,"a":1}',
        )
        for text in texts:
            with self.subTest(text[:20]), self.assertRaises(RecordingRefused):
                Recordings({}, ARCHITECTURE).parse(text)

    def test_the_key_is_of_what_is_replayed(self) -> None:
        key = parsed(*sample()).key
        document, blobs = sample()
        document.update(notes=["something else"], ops=list(document["ops"]))
        document["modules"][0].update(origin="in-process")
        self.assertEqual(parsed({name: document[name] for name in reversed(document)}, blobs).key, key)
        launch_of(document)["grid"] = [16, 1, 1]
        self.assertNotEqual(parsed(document, blobs).key, key)

    def test_notes_cannot_steer_a_terminal(self) -> None:
        document, blobs = sample()
        document["notes"] = ["\x1b[2Jall good\n"]
        self.assertEqual(parsed(document, blobs).notes, (" [2Jall good ",))

    def test_the_memory_that_all_cases_of_a_program_ask_for_is_bounded(self) -> None:
        document, blobs = sample()
        read = Recordings(blobs, ARCHITECTURE)
        arena = document["windows"][1]
        arena["bytes"] = WINDOW_BYTES_MAX
        # What cases have at the same address is theirs in turn.
        for _ in range(3):
            document["segments"][2].update(offset=arena["bytes"] // 2, bytes=MEMORY_BYTES_MAX // 2)
            read.parse(json.dumps(document).encode())
        document["segments"][2].update(offset=WINDOW_UNIT)
        with self.assertRaisesRegex(RecordingRefused, f"^segments: .*with those of the cases before; at most {MEMORY_BYTES_MAX}"):
            read.parse(json.dumps(document).encode())

    def test_what_is_uploaded_in_all_cases_is_bounded_with_it(self) -> None:
        document, blobs = sample()
        read = Recordings(blobs, ARCHITECTURE)
        document["ops"] = document["ops"][2:3] * 254 + document["ops"][3:]
        text, most = json.dumps(document).encode(), MEMORY_BYTES_MAX // (254 * WINDOW_UNIT)
        for _ in range(most):
            read.parse(text)
        with self.assertRaisesRegex(RecordingRefused, "what is uploaded"):
            read.parse(text)


class Mutations(unittest.TestCase):
    def test_mutated_recordings_are_refused_or_sound(self) -> None:
        chance, accepted = random.Random(SEED), 0
        document, blobs = sample()
        for number in range(MUTATIONS):
            text, changed = mutated(chance, copy.deepcopy(document), dict(blobs))
            try:
                found = Recordings(changed, ARCHITECTURE).parse(text)
            except RecordingRefused as refused:
                self.assertLess(len(str(refused)), 2000)
                continue
            except BaseException as error:
                self.fail(f"mutation {number} of seed {SEED}: {type(error).__name__}: {error}")
            accepted += 1
            self.assert_sound(found)
        self.assertGreater(accepted, MUTATIONS // 200, "a mutator whose recordings are all refused tests little")
        self.assertLess(accepted, MUTATIONS * 3 // 4, "a mutator that changes nothing tests nothing")

    def assert_sound(self, found: Recording) -> None:
        places = [range(window.base, window.base + window.bytes + 1) for window in found.windows]
        for operation in found.operations:
            ends = []
            if isinstance(operation, Fill):
                ends = [(operation.at, operation.width * operation.number)]
            elif isinstance(operation, Copy):
                ends = [(operation.source, operation.bytes), (operation.to, operation.bytes)]
            elif isinstance(operation, Upload):
                ends = [(operation.to, len(operation.data))]
            else:
                self.assertIn(operation.kernel, found.modules[operation.module].cubin.kernels)
            for start, size in ends:
                self.assertTrue(any(start in place and start + size in place for place in places))
