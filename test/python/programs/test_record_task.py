"""Recording a program: on a GPU that is played, in this process and in the sandbox of a zygote; and what the runner makes of the answers."""
import json
import os
import shutil
import struct
import sys
import tempfile
import unittest
import zlib
from typing import Any, Optional
from unittest import mock

from kiln_runner.frames import FrameDecoder, encode
from kiln_runner.programs import recorder
from kiln_runner.programs.record_frames import UNPACKED_BYTES_MAX, Answered, answer_of, pack, pack_refusal
from kiln_runner.programs.record_task import equipped_by, record
from kiln_runner.programs.recording import Copy, Launch, Recording, RecordingRefused, Recordings
from kiln_runner.programs.recording_shape import INDEX, OWN_BASES, PACKED
from kiln_runner.programs.recordings import Kept, Unequipped, arena_of, blobs_of, kept_of, recording_hash
from kiln_runner.programs.sandbox import levels
from test.python.asked_again import until_given_time
from test.python.programs import played_gpu
from test.python.programs.small_cubin import ARCHITECTURE
from test.python.programs.zygote_process import RUNNER, ZygoteProcess

HEAD = "from test.python.programs import played_gpu\n"
DOUBLE = HEAD + "def custom_kernel(data):\n    x, out = data\n    played_gpu.gpu.scale(x, out, 2.0)\n    return out\n"
DOUBLE_LINES = "def custom_kernel(data):\n    x, out = data\n    played_gpu.gpu.scale(x, out, 2.0)\n"
OWN_OUTPUT = HEAD + (
    "def custom_kernel(data):\n    x, _ = data\n    y = played_gpu.gpu.empty(x.shape)\n    played_gpu.gpu.scale(x, y, 2.0)\n    return y\n"
)
# As GPU MODE's reference does with what it is handed for its results: here it is room for something between.
FILLS_BOTH = OWN_OUTPUT.replace("x, _ = data", "x, out = data").replace(
    "played_gpu.gpu.scale(x, y, 2.0)", "played_gpu.gpu.scale(x, out, 2.0)\n    played_gpu.gpu.scale(out, y, 1.0)"
)
WEIGHTS = HEAD + """
TABLE, FACTOR = None, None
def custom_kernel(data):
    global TABLE, FACTOR
    x, out = data
    gpu = played_gpu.gpu
    if TABLE is None:
        gpu.full([64], 9.0)
        TABLE, FACTOR = gpu.empty([2], "int32"), gpu.full([1], 3.0)
        gpu.point(TABLE, FACTOR)
    between = gpu.empty(x.shape)
    gpu.by_table(x, between, TABLE)
    gpu.scale(between, out, 1.0)
    gpu.free(between)
"""
KEEPS_ROOM = HEAD + """
ROOM = None
def custom_kernel(data):
    global ROOM
    x, out = data
    gpu = played_gpu.gpu
"""
# As libraries have it: dirty from elsewhere, handed to every kernel, and each leaves a mark in it.
WORKSPACE = KEEPS_ROOM + """
    ROOM = ROOM or gpu.full([1 << 20], 7.0)
    gpu.by_table(x, out, ROOM, 2.0)
    gpu.memory.write(ROOM.address + x.elements, b"\\1")
"""
LARGE_WEIGHTS = KEEPS_ROOM + """
    ROOM = ROOM or gpu.full([1 << 20], 7.0)
    gpu.by_table(x, out, ROOM, gpu.number(ROOM))
"""
RANDOM_WEIGHTS = "import os\n" + KEEPS_ROOM + """
    if ROOM is None:
        ROOM = gpu.full([1 << 18], 7.0)
        gpu.memory.write(ROOM.address + 4, os.urandom(ROOM.bytes - 4))
    gpu.by_table(x, out, ROOM, gpu.number(ROOM))
"""
PART = OWN_OUTPUT.replace("empty(x.shape)", "empty([2 * x.elements])._replace(shape=x.shape)")
CONTRACTS = {
    "returned int; a tensor for each output": "return 7",
    "returned 2 tensors; the problem has 1 outputs": "return out, out",
    "has the type int32; float32 is needed": "return out._replace(dtype='int32')",
    "has the shape [3]; [2, 4] is needed": "return out._replace(shape=[3])",
    "is not on the GPU": "return out._replace(is_on_gpu=False)",
    "is str, no tensor": "return ['out']",
    "what it returned has no out": "return {'y': out}",
    "cannot be recorded: it uses a CUDA graph of its own": "played_gpu.gpu.launch_graph()",
}


def unit_of(source: str, shapes: "tuple[list[int], ...]" = ([2, 4], [16]), **changes: Any) -> Any:
    def tensor(name: str, shape: list[int]) -> dict[str, Any]:
        return {"name": name, "dtype": "f32", "shape": shape, "role": "out" if name == "out" else "in", "distribution": {"kind": "normal"}}

    cases = [{"name": f"case-{at}", "tensors": [tensor("x", shape), tensor("out", shape)]} for at, shape in enumerate(shapes)]
    entry = {"file": "main.py", "symbol": "custom_kernel", "style": "custom_kernel"}
    return {
        "language": "python", "architecture": ARCHITECTURE, "files": [{"path": "main.py", "content": source}], "entry": entry, "environment": "torch",
        "built": "b" * 64, "deviceModel": "Played GPU", "cases": cases, **changes,
    }


def as_check(count: int) -> Any:
    """Of `unit_of`: it is a problem's own check of y by x."""

    def tensor(name: str, dtype: str, size: int, role: str, kind: str) -> Any:
        return {"name": name, "dtype": dtype, "shape": [size], "role": role, "distribution": {"kind": kind}}

    inputs = [tensor(name, "f32", count, "in", "normal") for name in ("x", "y")]
    cases = [{"name": "case-0", "tensors": [*inputs, tensor("doubled", "u8", 1, "out", "rule")], "values": {}}]
    return {"side": "verify", "entry": {"file": "main.py", "symbol": "check", "style": "function"}, "cases": cases}


def asked_of(unit: Any) -> Any:
    return {**unit, "built": None, "arena": arena_of(recording_hash(unit, "e" * 64), unit.get("side")), "device": ""}


class OnAPlayedGpu(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="kiln-record-")
        self.addCleanup(shutil.rmtree, self.folder)
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        equipped_by.append(played_gpu.equip)
        self.addCleanup(equipped_by.remove, played_gpu.equip)

    def answer(self, source: str, **changes: Any) -> bytes:
        shutil.rmtree("program", ignore_errors=True)
        try:
            return record(asked_of(unit_of(source, **changes)))
        finally:
            played_gpu.close()

    def outcome(self, source: str, **changes: Any) -> Any:
        return kept_of(self.answer(source, **changes), unit_of(source, **changes), "torch", "")

    def recordings(self, source: str, **changes: Any) -> dict[str, Recording]:
        kept = self.outcome(source, **changes)
        self.assertIsInstance(kept, Kept, kept)
        return {name: Recordings(blobs_of(kept.files), ARCHITECTURE).parse(kept.files[file]) for name, file in json.loads(kept.files[INDEX]).items()}

    def roles(self, recording: Recording) -> list[str]:
        return sorted(segment.role for segment in recording.segments)

    def test_what_it_launches_in_each_case_is_recorded_with_the_tensors_that_it_was_given(self) -> None:
        recordings = self.recordings(DOUBLE)
        self.assertEqual(list(recordings), ["case-0", "case-1"])
        for recording, count in zip(recordings.values(), (8, 16)):
            [launch] = recording.operations
            assert isinstance(launch, Launch)
            x, out = ({segment.tensor: segment for segment in recording.segments}[name] for name in ("x", "out"))
            self.assertEqual([int.from_bytes(value, "little") for value in launch.parameters[:2]], [x.address, out.address])
            self.assertEqual(int.from_bytes(launch.parameters[3], "little"), count)

    def test_a_single_number_may_be_returned_without_an_axis(self) -> None:
        number = DOUBLE.replace("return out", "return out._replace(shape=[])")
        self.assertEqual(len(self.recordings(number, cases=unit_of("", ([1],))["cases"])), 1)
        refused = self.outcome(number)
        self.assertIn("has the shape []; [2, 4] is needed", str(refused))

    def handed(self, source: str, style: str, **changes: Any) -> list[float]:
        """Of a program that scales by what it was handed: by how much, in each case."""
        symbol = {"custom_kernel": "custom_kernel", "model": "ModelNew"}.get(style, "run")
        entry = {"file": "main.py", "symbol": symbol, "style": style}
        recordings = self.recordings(HEAD + source, entry=entry, **changes)
        launches = [recording.operations[0] for recording in recordings.values()]
        return [struct.unpack("<f", launch.parameters[2])[0] for launch in launches if isinstance(launch, Launch)]

    def with_calls(self, **call: Any) -> Any:
        return {"cases": [{**case, **call} for case in unit_of("")["cases"]]}

    def test_what_it_is_handed_is_what_the_problem_says(self) -> None:
        config = {"s": {"kind": "float", "value": 3}, "n": {"kind": "int", "value": 2}, "no": {"kind": "constant", "value": None}}
        inner = {"kind": "tuple", "items": [{"kind": "tensor", "name": "out"}, {"kind": "dict", "entries": config}]}
        data = {"kind": "tuple", "items": [{"kind": "tensor", "name": "x"}, inner]}
        source = (
            "def custom_kernel(data):\n    x, (out, c) = data\n    assert c['no'] is None and type(c['n']) is int and type(c['s']) is float\n"
            "    played_gpu.gpu.scale(x, out, c['s'] * c['n'])\n"
        )
        self.assertEqual(self.handed(source, "custom_kernel", **self.with_calls(data=data)), [6.0, 6.0])
        alone = "def custom_kernel(x):\n    out = played_gpu.gpu.empty(x.shape)\n    played_gpu.gpu.scale(x, out, 2.0)\n    return out\n"
        self.assertEqual(self.handed(alone, "custom_kernel", **self.with_calls(data={"kind": "tensor", "name": "x"})), [2.0, 2.0])

    def test_functions_are_handed_the_scalars_that_their_signature_names(self) -> None:
        values = {"factor": {"kind": "float", "value": 0.5}, "rows": {"kind": "int", "value": 4}}
        source = "def run(x, out, factor):\n    played_gpu.gpu.scale(x, out, factor)\n"
        self.assertEqual(self.handed(source, "function_dps", **self.with_calls(values=values)), [0.5, 0.5])
        own = "def run(x, *, rows):\n    out = played_gpu.gpu.empty(x.shape)\n    played_gpu.gpu.scale(x, out, rows)\n    return out\n"
        self.assertEqual(self.handed(own, "function", **self.with_calls(values=values)), [4.0, 4.0])
        none = "def run(x, out):\n    played_gpu.gpu.scale(x, out, 1.0)\n"
        self.assertEqual(self.handed(none, "function_dps", **self.with_calls(values=values)), [1.0, 1.0])

    def test_a_model_is_made_with_its_arguments_behind_the_seed_that_all_have_and_draws_what_nobody_knows_from_then_on(self) -> None:
        source = (
            "class ModelNew:\n    def __init__(self, a, b, *, c):\n        self.factor = a + b[0] + c\n"
            "        assert played_gpu.gpu.seed == 42\n"
            "    def __call__(self, x):\n        assert played_gpu.gpu.seed is None\n        out = played_gpu.gpu.empty(x.shape)\n"
            "        played_gpu.gpu.scale(x, out, self.factor)\n        return out\n"
        )
        model = {"init": {"positional": [1, [2, 3]], "keywords": {"c": 0.5}}, "seed": 42}
        self.assertEqual(self.handed(source, "model", model=model), [3.5, 3.5])
        # 1.0 in problem.yaml is no integer.
        types = "        assert [type(one) for one in (a, *b, c)] == [float, int, float, float]"
        typed = source.replace("        assert played_gpu.gpu.seed == 42", types, 1)
        model = {"init": {"positional": [{"$float": 1}, [2, {"$float": 3}]], "keywords": {"c": 0.5}}, "seed": 42}
        self.assertEqual(self.handed(typed, "model", model=model), [3.5, 3.5])

    def test_what_is_no_check_is_refused_where_it_is_recorded(self) -> None:
        for body, words in {
            "return x": "rule doubled is float32; a tensor of bool is needed",
            "return True": "it returned bool; a tensor for each output",
            "return {'other': gpu.doubled(x, y)}": "what it returned has no doubled",
            "held = gpu.doubled(x, y); return {'doubled': held, 'other': held}": "it says whether other holds, which is none of the problem's rules",
            "gpu.doubled(x, y)": "it returned NoneType; a tensor for each output",
            "return gpu.doubled(x, y)._replace(shape=[0])": "rule doubled says nothing: its tensor is empty",
            "return gpu.doubled(x, y)._replace(is_on_gpu=False)": "rule doubled is not on the GPU",
            "gpu.value(y); return gpu.doubled(x, y)": "it reads 4 bytes on the host, and what it checks are other outputs each time",
        }.items():
            with self.subTest(body):
                self.assertIn(words, str(self.outcome(f"{HEAD}def check(x, y):\n    gpu = played_gpu.gpu\n    {body}\n", **as_check(8))))

    def test_what_a_check_keeps_is_kept_as_it_is_though_it_finds_all_that_it_is_shown_wrong(self) -> None:
        source = KEEPS_ROOM.replace("custom_kernel(data)", "check(x, y)").replace("    x, out = data\n", "") + """
    ROOM = ROOM or gpu.full([1 << 20], 7.0)
    seven = gpu.empty(x.shape)
    gpu.by_table(x, seven, ROOM, gpu.number(ROOM))
    return gpu.doubled(seven, y)
"""
        kept = self.outcome(source, **as_check(8))
        assert isinstance(kept, Kept), kept
        recording = Recordings(blobs_of(kept.files), ARCHITECTURE, of_problem=True).parse(kept.files["case-0.json"])
        [static] = [segment for segment in recording.segments if segment.role == "static"]
        self.assertEqual(recording.images[static.image or ""][:4], struct.pack("<f", 7.0))

    def test_a_problems_own_program_lies_where_no_candidate_may(self) -> None:
        def bases(**changes: Any) -> Any:
            unit = unit_of(OWN_OUTPUT, **changes)
            kept = kept_of(self.answer(OWN_OUTPUT, **changes), unit, "torch", "")
            assert isinstance(kept, Kept), kept
            texts = [json.loads(kept.files[file]) for file in json.loads(kept.files[INDEX]).values()]
            return {window["base"] for text in texts for window in text["windows"] if window["name"] == "arena"}, kept

        for side in ("reference", "baseline", "inputs", "verify"):
            with self.subTest(side):
                found, kept = bases(side=side)
                self.assertEqual(found, {OWN_BASES[side]})
                text = kept.files[next(iter(json.loads(kept.files[INDEX]).values()))]
                with self.assertRaisesRegex(RecordingRefused, "none of the addresses"):
                    Recordings(blobs_of(kept.files), ARCHITECTURE).parse(text)
        found, kept = bases()
        self.assertFalse(found & set(OWN_BASES.values()))
        text = kept.files[next(iter(json.loads(kept.files[INDEX]).values()))]
        with self.assertRaisesRegex(RecordingRefused, "none of the addresses"):
            Recordings(blobs_of(kept.files), ARCHITECTURE, of_problem=True).parse(text)

    def derived(self, **bounds: int) -> Any:
        """As the cases of a program that derives `out`."""
        dtype = {"dtype": "i32"} if bounds else {}
        cases = unit_of("", shapes=([2, 4],))["cases"]
        tensors = [{**one, **dtype, "distribution": {"kind": "derived", **bounds}} if one["name"] == "out" else one for one in cases[0]["tensors"]]
        return [{**cases[0], "tensors": tensors}]

    def test_inputs_that_are_derived_may_not_rest_on_what_the_host_read(self) -> None:
        by_value = DOUBLE.replace("2.0", "played_gpu.gpu.value(x)")
        noted = " ".join(self.recordings(by_value)["case-0"].notes)
        self.assertIn("reads 4 bytes on the host", noted, "a candidate may: fresh inputs show what comes of it")
        answered: Any = kept_of(self.answer(by_value, cases=self.derived()), unit_of(by_value, cases=self.derived()), "torch", "")
        self.assertEqual(answered["verdict"], "contract")
        words = "cannot be recorded: it reads 4 bytes on the host, and what inputs are derived from is drawn anew each time"
        self.assertIn(words, answered["message"])
        self.assertIsInstance(kept_of(self.answer(DOUBLE, cases=self.derived()), unit_of(DOUBLE, cases=self.derived()), "torch", ""), Kept)

    def refusal(self, source: str, **changes: Any) -> str:
        answered: Any = kept_of(self.answer(source, **changes), unit_of(source, **changes), "torch", "")
        self.assertNotIsInstance(answered, Kept)
        self.assertEqual(answered["verdict"], "contract")
        return str(answered["message"])

    def test_inputs_that_are_derived_may_not_rest_on_what_an_earlier_call_read_either(self) -> None:
        cached = KEEPS_ROOM + "    ROOM = ROOM or [gpu.value(x)]\n    gpu.scale(x, out, ROOM[0])\n"
        noted = " ".join(self.recordings(cached)["case-0"].notes)
        self.assertEqual(noted, "", "the calls that count read nothing")
        words = "it reads 4 bytes on the host, and what inputs are derived from is drawn anew each time"
        self.assertIn(words, self.refusal(cached, cases=self.derived()))
        check = HEAD + "KEPT = []\ndef check(x, y):\n    KEPT or KEPT.append(played_gpu.gpu.value(x))\n    return [played_gpu.gpu.doubled(x, y)]\n"
        self.assertIn("it reads 4 bytes on the host, and what it checks are other outputs", self.refusal(check, **as_check(4)))

    def test_what_a_library_reads_of_its_own_memory_in_its_first_call_is_no_value(self) -> None:
        def first_call(address: str) -> Any:
            return KEEPS_ROOM + f"    ROOM or gpu.recorder.on_download(4, {address})\n    ROOM = True\n    gpu.scale(x, out, 2.0)\n"

        own, tensor = first_call("0x7F00_0000_0000"), first_call("x.address")
        self.assertIsInstance(kept_of(self.answer(own, cases=self.derived()), unit_of(own, cases=self.derived()), "torch", ""), Kept)
        self.assertIn("it reads 4 bytes", self.refusal(tensor, cases=self.derived()))

    def test_inputs_that_are_derived_may_not_rest_on_tensors_that_were_computed_in_an_earlier_call(self) -> None:
        cached = KEEPS_ROOM + """
    if ROOM is None:
        ROOM = gpu.empty([1])
        gpu.scale(x._replace(shape=[1]), ROOM, 1.0)
    gpu.by_table(x, out, ROOM, gpu.number(ROOM))
"""
        words = "its result rests on inputs of an earlier call, of which it keeps something"
        self.assertIn(words, self.refusal(cached, cases=self.derived()))
        elsewhere = {"path": "kept.py", "content": cached.replace("custom_kernel", "work")}
        by_another = HEAD + "from kept import work\ndef custom_kernel(data):\n    work(data)\n"
        files = [{"path": "main.py", "content": by_another}, elsewhere]
        self.assertIn(words, self.refusal(by_another, cases=self.derived(), files=files))

    def test_what_a_derivation_keeps_that_follows_from_no_input_is_its_own(self) -> None:
        unsteady = HEAD + (
            "import itertools\nCOUNT = itertools.count()\ndef custom_kernel(data):\n    x, out = data\n"
            "    played_gpu.gpu.scale(x, out, float(next(COUNT)))\n"
        )
        once = "import sys\nassert not hasattr(sys, 'kiln_once')\nsys.kiln_once = True\n" + DOUBLE
        self.addCleanup(lambda: delattr(sys, "kiln_once"))
        for source in (LARGE_WEIGHTS, WORKSPACE, unsteady, once):
            with self.subTest(source):
                self.assertIsInstance(kept_of(self.answer(source, cases=self.derived()), unit_of(source, cases=self.derived()), "torch", ""), Kept)

    def test_integers_that_are_derived_are_held_to_their_bounds_within_what_is_recorded(self) -> None:
        source = HEAD + (
            "def custom_kernel(data):\n    x, _ = data\n    gpu = played_gpu.gpu\n    y = gpu.empty(x.shape, 'int32')\n"
            "    gpu.scale(x, y._replace(dtype='float32'), 2.0)\n    return y\n"
        )
        cases = self.derived(low=0, high=7)
        clamp = played_gpu.PlayedFramework.clamp
        with mock.patch.object(played_gpu.PlayedFramework, "clamp", autospec=True, side_effect=clamp) as clamped:
            [recording] = self.recordings(source, cases=cases).values()
        self.assertEqual({call.args[2:] for call in clamped.call_args_list}, {(0, 7)})
        self.assertEqual(len(recording.operations), 2)
        [recording] = self.recordings(DOUBLE, cases=self.derived()).values()
        self.assertEqual(len(recording.operations), 1, "floats have none")

    def test_an_output_that_it_made_itself_stands_where_it_is(self) -> None:
        recording = self.recordings(OWN_OUTPUT)["case-0"]
        self.assertEqual((self.roles(recording), len(recording.operations)), (["in", "out"], 1))
        self.assertEqual({segment.tensor: segment.window for segment in recording.segments}, {"x": "inputs", "out": "arena"})

    def test_one_that_writes_to_the_output_that_it_was_given_and_returns_another_has_room_there(self) -> None:
        recording = self.recordings(FILLS_BOTH)["case-0"]
        self.assertEqual(self.roles(recording), ["in", "out", "workspace"])
        self.assertEqual({segment.role: segment.window for segment in recording.segments}, {"in": "inputs", "out": "arena", "workspace": "arena"})

    def test_an_output_that_is_part_of_something_larger_is_copied_and_told(self) -> None:
        recording = self.recordings(PART)["case-0"]
        self.assertIsInstance(recording.operations[-1], Copy)
        self.assertEqual(self.roles(recording), ["in", "out", "workspace"])
        self.assertIn("its result was copied", recording.notes[0])

    def test_what_it_keeps_goes_along_where_it_is_used_also_by_way_of_a_table(self) -> None:
        recording = self.recordings(WEIGHTS)["case-1"]
        self.assertEqual(self.roles(recording), ["in", "out", "static", "static", "workspace"])
        self.assertIn(b"\0\0\x40\x40", recording.images.values(), "three")

    def test_what_a_call_changes_of_what_it_keeps_is_no_input_of_the_next(self) -> None:
        source = HEAD + (
            "KEPT = []\ndef custom_kernel(data):\n    x, out = data\n    gpu = played_gpu.gpu\n"
            "    KEPT.append(gpu.empty(x.shape)) if not KEPT else None\n"
            "    gpu.scale(x, KEPT[0], 1.0)\n    gpu.scale(KEPT[0], out, 2.0)\n"
        )
        self.assertEqual(self.roles(self.recordings(source, shapes=([4],))["case-0"]), ["in", "out", "workspace"])

    def test_a_librarys_workspace_is_no_weights_of_the_program(self) -> None:
        answer = self.answer(WORKSPACE)
        self.assertLess(len(answer), 64 * 1024, "packed it is next to nothing")
        for case, recording in self.recordings(WORKSPACE).items():
            with self.subTest(case):
                [image] = recording.images.values()
                self.assertEqual((self.roles(recording), len(image) - image.count(0)), (["in", "out", "static"], 1))

    def test_a_table_that_only_another_case_needs_is_there_for_it(self) -> None:
        source = LARGE_WEIGHTS.replace("gpu.number(ROOM))", "gpu.number(ROOM) if x.elements > 9 else 2.0)")
        images = [set(recording.images.values()) for recording in self.recordings(source).values()]
        self.assertEqual(images, [{bytes(4 << 20)}, {struct.pack("<f", 7.0) * (1 << 20)}])

    def test_large_weights_go_along_as_they_are(self) -> None:
        for recording in self.recordings(LARGE_WEIGHTS).values():
            [image] = recording.images.values()
            self.assertEqual(image, struct.pack("<f", 7.0) * (1 << 20))

    def test_stored_bytes_go_into_the_artifact_as_they_came(self) -> None:
        answer = self.answer(RANDOM_WEIGHTS)
        kept, came = kept_of(answer, unit_of(RANDOM_WEIGHTS), "torch", ""), answer_of(answer)
        assert isinstance(kept, Kept) and isinstance(came, Answered)
        stored = {name: content for name, content in kept.files.items() if name.endswith(PACKED)}
        [(name, content)] = stored.items()
        self.assertEqual(content, came.packed[name[: -len(PACKED)]])
        # What hardly packs is not packed.
        self.assertGreater(len(content), 1 << 20)

    def test_what_a_result_depends_on_and_does_not_fit_is_refused(self) -> None:
        with mock.patch.object(recorder, "BLOBS_BYTES_MAX", 1 << 21):
            outcome = self.outcome(LARGE_WEIGHTS, shapes=([4],))
        self.assertEqual(outcome["verdict"], "contract")
        self.assertIn("its weights and tables have more than 2097152 bytes", outcome["message"])

    def test_an_output_that_is_not_contiguous_is_laid_out_in_the_recorded_call(self) -> None:
        source = OWN_OUTPUT.replace("return y", "return y._replace(is_contiguous=False)")
        for recording in self.recordings(source).values():
            double, rows = recording.operations
            assert isinstance(double, Launch) and isinstance(rows, Launch)
            [out] = [segment for segment in recording.segments if segment.tensor == "out"]
            made, between = (int.from_bytes(rows.parameters[at], "little") for at in (1, 0))
            self.assertEqual((made, between), (out.address, int.from_bytes(double.parameters[1], "little")))
            self.assertEqual(recording.notes, ("its result was laid out in rows within the call, since it was not contiguous",))

    def test_what_it_reads_on_the_host_is_told(self) -> None:
        source = DOUBLE.replace("2.0", "played_gpu.gpu.value(x)")
        self.assertEqual(self.recordings(source)["case-0"].notes, ("reads 4 bytes on the host",))

    def test_what_breaks_the_contract_says_in_which_case_and_how(self) -> None:
        for words, line in CONTRACTS.items():
            with self.subTest(words):
                source = HEAD + f"def custom_kernel(data):\n    x, out = data\n    played_gpu.gpu.scale(x, out, 2.0)\n    {line}\n"
                outcome = self.outcome(source, shapes=([2, 4],))
                self.assertEqual((outcome["verdict"], outcome["case"]), ("contract", "case-0"), outcome)
                self.assertIn(words, outcome["message"])

    def test_what_is_raised_is_told_with_the_programs_own_lines(self) -> None:
        for source, words in (
            ("import nowhere\n", 'File "main.py", line 1'), (HEAD + "def custom_kernel(data):\n    return data[2]\n", 'File "main.py", line 3'),
            (HEAD + "def custom_kernel(data):\n    played_gpu.gpu.empty([1 << 32])\n", "CUDA out of memory: 17179869184 bytes"),
            (HEAD + DOUBLE_LINES + "    played_gpu.gpu.arena.allocate(1 << 36)\n", "CUDA out of memory: 68719476736 bytes"),
            ("import sys\ndef custom_kernel(data):\n    sys.exit(3)\n", "SystemExit: 3"),
        ):
            with self.subTest(words):
                outcome = self.outcome(source)
                self.assertEqual(outcome["verdict"], "crashed", outcome)
                self.assertIn(words, outcome["message"])
        raising = HEAD + DOUBLE_LINES + "    assert x.shape == [2, 4]\n"
        self.assertEqual(self.outcome(raising)["case"], "case-1")
        self.assertIn("defines no custom_kernel", self.outcome("x = 1\n")["message"])


class WhatCameIn(unittest.TestCase):
    """The runner's side: bytes of a hostile process."""

    def outcome(self, answer: bytes, printed: str = "") -> Any:
        return kept_of(answer, unit_of(DOUBLE), "torch", printed)

    def test_what_is_no_answer_is_told_as_the_programs_doing(self) -> None:
        for answer in (b"", b"\0" * 8, b"x" * 100, pack({}, {})[:-1], pack({"case-0": b"{}"}, {}) + b"x", pack({}, {}) * 2):
            with self.subTest(answer):
                self.assertEqual(self.outcome(answer)["verdict"], "contract")

    def test_a_recording_that_is_none_or_lacks_a_case_is_refused_with_its_field(self) -> None:
        outcome = self.outcome(pack({"case-0": b"{}"}, {}), "hello")
        self.assertEqual(outcome["case"], "case-0")
        self.assertIn("is no recording", outcome["message"])
        self.assertIn("it printed:\nhello", outcome["message"])
        self.assertIn("none came", self.outcome(pack({}, {}))["message"])

    def test_what_is_packed_wrongly_or_too_much_is_told_as_the_programs_doing(self) -> None:
        whole = pack({}, {"a" * 64: b"x" * 1000})
        frame = next(iter(FrameDecoder().feed(whole)))
        bomb = zlib.compress(bytes(UNPACKED_BYTES_MAX + 1), 9)
        for payload in (frame.payload[:-1], frame.payload + b"x", b"no zlib at all", bomb):
            with self.subTest(len(payload)):
                header = {"type": "recorded", "cases": [], "blobs": [["a" * 64, len(payload)]]}
                self.assertIn("no answer of a recorder: a part that is", self.outcome(encode(header, payload))["message"])

    def test_a_recorder_that_does_not_work_is_not_the_programs_fault(self) -> None:
        with self.assertRaisesRegex(Unequipped, "libcupti is not here"):
            self.outcome(pack_refusal("unequipped", "", "libcupti is not here"))

    def test_a_recording_has_another_name_for_whatever_could_change_it(self) -> None:
        names = {recording_hash(unit_of(DOUBLE, **changes), key) for changes, key in (
            ({}, "e"), ({}, "f"), ({"built": "c" * 64}, "e"), ({"deviceModel": "Other"}, "e"), ({"shapes": ([8],)}, "e"),
        )}
        self.assertEqual(len(names), 5)


@unittest.skipUnless(levels() and os.geteuid() == 0, "no sandbox on this host")
class InTheSandbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.zygote = ZygoteProcess(str(RUNNER.parents[2]), ["test.python.programs.played_gpu"], recorder="test.python.programs.played_gpu")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.zygote.close()

    def ended(self, source: str, bounds: Optional[dict[str, Any]] = None) -> "tuple[dict, bytes]":
        def ask() -> "tuple[dict, bytes]":
            self.zygote.ask("one", "record", asked_of(unit_of(source)), levels()[0], bounds)
            return self.zygote.next()

        return until_given_time(ask)

    def test_a_program_is_recorded_and_the_next_one_too(self) -> None:
        for source in (DOUBLE, WEIGHTS, DOUBLE):
            header, answer = self.ended(source)
            self.assertEqual(header["how"], "answered", header)
            self.assertIsInstance(kept_of(answer, unit_of(source), "torch", ""), Kept)

    def test_weights_of_more_than_any_other_frame_carries_come_out_whole(self) -> None:
        header, answer = self.ended(RANDOM_WEIGHTS.replace("1 << 18", "20 << 20"), {"memory_bytes": 2 << 30})
        self.assertEqual(header["how"], "answered", header)
        self.assertGreater(len(answer), 64 << 20)
        kept = kept_of(answer, unit_of(RANDOM_WEIGHTS), "torch", "")
        assert isinstance(kept, Kept)
        [weights] = [content for content in blobs_of(kept.files).values() if len(content) > 1 << 20]
        self.assertEqual((len(weights), weights[:4]), (80 << 20, struct.pack("<f", 7.0)))

    def test_one_that_never_returns_eats_memory_or_floods_its_log_ends_with_the_reason(self) -> None:
        for line, how, why, bounds in (
            ("while True: pass", "timed_out", "did not end within", {"limit_s": 1.0}),
            ("kept = bytearray(900 * 1024 * 1024)", "over", "bytes of memory", {"memory_bytes": 300 * 1024 * 1024}),
            ("while True: print('x' * 65536)", "over", "it printed more than", {"log_bytes": 1024 * 1024}),
            ("import os; os._exit(3)", "ended", "", {}),
        ):
            with self.subTest(line):
                header, _ = self.ended(f"def custom_kernel(data):\n    {line}\n", bounds)
                self.assertEqual(header["how"], how, header)
                self.assertIn(why, header["why"])
        self.assertEqual(self.ended(DOUBLE)[0]["how"], "answered", "the next one is unharmed")
