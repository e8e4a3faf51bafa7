"""Recordings in the judge: replayed at the addresses that they name, on the judge's own buffers and on inputs that they never saw. Against a played
driver, from recordings that a played recorder made.
"""
import json
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.contenders import Contenders
from kiln_runner.judge.device import LOOKS
from kiln_runner.judge.failures import DeviceFault, InfraFailure, LaunchRejected
from kiln_runner.judge.gpu.case import GpuCase
from kiln_runner.judge.gpu.case_recordings import CaseRecordings, Written, together
from kiln_runner.judge.gpu.derived_inputs import DerivedInputs
from kiln_runner.judge.gpu.driver import CudaError
from kiln_runner.judge.gpu.own_check import OwnCheck
from kiln_runner.judge.gpu.placing import place_case
from kiln_runner.judge.gpu.recorded_program import RecordedProgram
from kiln_runner.judge.gpu.windows import Shown
from kiln_runner.judge.problems import Problem
from kiln_runner.judge.recorded import RecordedArtifact
from kiln_runner.programs.recording_shape import ARENA_BASE, INDEX, OWN_BASES, WINDOW_BYTES_MAX, WINDOWS
from test.python.programs.small_cubin import ARCHITECTURE
from test.python.programs.test_record_task import DOUBLE, FILLS_BOTH, HEAD, OWN_OUTPUT, PART, WEIGHTS, unit_of

from .recorded_rig import COUNTS, RecordedRig

OUT: Any = {"name": "out", "dtype": "f32", "elements": 16, "role": "out", "distribution": {"kind": "normal"}}
BY_VALUE = DOUBLE.replace("2.0", "played_gpu.gpu.value(x)")
COUNTER = HEAD + (
    "KEPT = []\ndef custom_kernel(data):\n    x, out = data\n    gpu = played_gpu.gpu\n"
    "    KEPT.append(gpu.full(x.shape, 0.0)) if not KEPT else None\n"
    "    gpu.scale(KEPT[0], out, 1.0)\n    gpu.scale(x, out, 2.0)\n"
)


class Replayed(RecordedRig):
    def outputs(self, source: str, factor: float) -> None:
        program = self.recorded(source)
        for name, count in COUNTS.items():
            case, pieces = self.place(name, {"candidate": program})
            bound = case.bind("candidate", program, pieces)
            for _ in range(2):
                values, outputs = self.run_once(bound, pieces, count)
                self.assertEqual(outputs, [factor * value for value in values], source)
        self.assertFalse(program.has_changed())
        program.close()

    def test_a_table_that_is_filled_anew_for_another_shape_is_each_cases_own(self) -> None:
        source = WEIGHTS.replace("    between =", "    gpu.memory.write(FACTOR.address, struct.pack('<f', float(x.elements)))\n    between =")
        program = self.recorded(f"import struct\n{source}")
        placed = {name: self.place(name, {"candidate": program}) for name in COUNTS}
        for _ in range(2):
            for name, count in COUNTS.items():
                case, pieces = placed[name]
                values, outputs = self.run_once(case.bind("candidate", program, pieces), pieces, count)
                self.assertEqual(outputs, [count * value for value in values])
        program.close()

    def test_what_it_computes_on_inputs_that_it_never_saw_is_in_the_judges_own_outputs(self) -> None:
        for source, factor in ((DOUBLE, 2.0), (OWN_OUTPUT, 2.0), (FILLS_BOTH, 2.0), (PART, 2.0), (WEIGHTS, 3.0)):
            with self.subTest(source):
                self.outputs(source, factor)

    def test_one_that_a_value_on_the_host_steered_is_wrong_on_other_inputs(self) -> None:
        program = self.recorded(BY_VALUE)
        case, pieces = self.place("case-0", {"candidate": program})
        values, outputs = self.run_once(case.bind("candidate", program, pieces), pieces, 8)
        self.assertNotEqual(outputs, [values[0] * value for value in values])

    def test_cases_take_turns_at_the_same_addresses_and_nothing_stays_shown(self) -> None:
        program = self.recorded(WEIGHTS)
        placed = {name: self.place(name, {"candidate": program}) for name in COUNTS}
        bound = {name: case.bind("candidate", program, pieces) for name, (case, pieces) in placed.items()}
        for name in ("case-0", "case-1", "case-0"):
            case, pieces = placed[name]
            case.show()
            values, outputs = self.run_once(bound[name], pieces, COUNTS[name])
            self.assertEqual(outputs, [3.0 * value for value in values])
        own = set(self.driver.mapped)
        program.close()
        self.assertTrue(own - set(self.driver.mapped))
        self.assertFalse([address for address in self.driver.mapped if 0x2A00_0000_0000 <= address < 0x3B00_0000_0000])
        placed["case-0"][0].show()
        self.assertFalse([address for address in self.driver.mapped if 0x2A00_0000_0000 <= address < 0x3B00_0000_0000], "it is closed")

    def test_two_recordings_are_replayed_in_pairs_on_the_same_buffers(self) -> None:
        for source, other, factor in ((WEIGHTS, OWN_OUTPUT, 3.0), (FILLS_BOTH, DOUBLE, 2.0), (DOUBLE, FILLS_BOTH, 2.0)):
            programs = {"candidate": self.recorded(source), "record": self.recorded(other)}
            case, pieces = self.place("case-1", programs)
            bound = {side: case.bind(side, program, pieces) for side, program in programs.items()}
            for side, wanted in (("candidate", factor), ("record", 2.0), ("candidate", factor)):
                values, outputs = self.run_once(bound[side], pieces, 16)
                self.assertEqual(outputs, [wanted * value for value in values], side)
            for program in programs.values():
                program.close()

    def test_two_recordings_with_other_memory_at_one_address_are_refused_and_one_that_is_recorded_again_is_not(self) -> None:
        # What its addresses follow from is the same content.
        programs = {"candidate": self.recorded(WEIGHTS), "record": self.recorded(WEIGHTS)}
        case, pieces = self.place("case-1", programs)
        case.bind("candidate", programs["candidate"], pieces)
        with self.assertRaisesRegex(InfraFailure, "the recordings of the candidate and of the record have other memory at 0x") as refused:
            case.bind("record", programs["record"], pieces)
        self.assertEqual(refused.exception.code, "addresses_clash")
        programs["record"].close()
        programs["record"] = self.recorded(WEIGHTS, again=1)
        case, pieces = self.place("case-1", programs)
        bound = {side: case.bind(side, program, pieces) for side, program in programs.items()}
        for side, launches in bound.items():
            values, outputs = self.run_once(launches, pieces, 16)
            self.assertEqual(outputs, [3.0 * value for value in values], side)

    def test_memory_that_begins_within_anothers_is_seen_too(self) -> None:
        memory, other = Shown(1, 64), Shown(2, 64)
        self.assertEqual(together({"candidate": {0: memory, 64: other}, "record": {0: memory, 128: other}}), {0: memory, 64: other, 128: other})
        for clashing in ({32: other}, {0: other}, {63: Shown(1, 64)}):
            with self.assertRaises(InfraFailure):
                together({"candidate": {0: memory}, "record": clashing})

    def test_a_reference_writes_where_nobody_looks_and_sees_nothing_of_others(self) -> None:
        for source, factor in ((DOUBLE, 2.0), (OWN_OUTPUT, 2.0), (FILLS_BOTH, 2.0), (PART, 2.0), (WEIGHTS, 3.0)):
            with self.subTest(source):
                programs = {
                    "reference": self.recorded(source, side="reference"), "baseline": self.recorded(source, side="baseline"),
                    "candidate": self.recorded(WEIGHTS), "record": self.recorded(OWN_OUTPUT),
                }
                case, pieces = self.place("case-1", programs)
                bound = {side: case.bind(side, program, pieces) for side, program in programs.items()}
                values, outputs = self.run_once(bound["candidate"], pieces, 16)
                expected = self.memory.map([64]).pieces[0].address
                written = [Written(OUT, self.at(pieces, "reference.apart=out", 16), expected)]
                case.replay(self.driver, written, lambda launches=bound["reference"]: [one() for one in launches])
                self.assertEqual(list(struct.unpack("<16f", self.driver.download(expected, 64))), [factor * value for value in values])
                untouched = self.driver.download(self.at(pieces, "0/out", 16), 64)
                self.assertEqual(list(struct.unpack("<16f", untouched)), outputs, "the candidate's own stand as they were")
                others = [address for address in self.in_windows() if address >= ARENA_BASE and not self.is_references(address)]
                self.assertEqual(others, [], "it sees nothing of others")
                case.show()
                self.assertFalse([address for address in self.in_windows() if self.is_references(address)], "nobody sees the reference's memory")
                for side, wanted in (("baseline", factor), ("record", 2.0), ("candidate", 3.0)):
                    values, outputs = self.run_once(bound[side], pieces, 16)
                    self.assertEqual(outputs, [wanted * value for value in values], side)
                for program in programs.values():
                    program.close()

    def test_a_reference_that_changes_its_input_begins_with_what_was_drawn_for_it(self) -> None:
        source = HEAD + "def custom_kernel(data):\n    x, out = data\n    played_gpu.gpu.scale(x, out, 2.0)\n    played_gpu.gpu.scale(out, x, 1.0)\n"
        unit = unit_of(source, shapes=([16],))
        tensors = [{**tensor, "role": "inout" if tensor["name"] == "x" else "out"} for tensor in unit["cases"][0]["tensors"]]
        reference = self.recorded(source, side="reference", cases=[{"name": "case-1", "tensors": tensors}])
        case, pieces = self.place("case-1", {"reference": reference})
        bound = case.bind("reference", reference, pieces)
        drawn, expected = (piece.address for piece in self.memory.map([64, 64]).pieces)
        written = [
            Written({**OUT, "name": "x", "role": "inout"}, self.at(pieces, "reference.apart=x", 16), drawn),
            Written(OUT, self.at(pieces, "reference.apart=out", 16), expected),
        ]
        for _ in range(2):
            values = [float(self.rng.randrange(1, 100)) for _ in range(16)]
            self.driver.upload(drawn, struct.pack("<16f", *values))
            case.replay(self.driver, written, lambda: [operation() for operation in bound])
            for at in (drawn, expected):
                self.assertEqual(list(struct.unpack("<16f", self.driver.download(at, 64))), [2.0 * value for value in values])

    def test_what_is_expected_on_a_case_is_what_the_recording_makes_of_the_inputs_that_were_drawn(self) -> None:
        for source, factor in ((DOUBLE, 2.0), (OWN_OUTPUT, 2.0), (FILLS_BOTH, 2.0), (PART, 2.0), (WEIGHTS, 3.0)):
            with self.subTest(source):
                reference = self.recorded(source, side="reference")
                case = GpuCase.__new__(GpuCase)
                case._gpu, case._driver = SimpleNamespace(memory=self.memory), self.driver
                case.name, case.batch, case._outputs = "case-1", 1, [OUT]
                case.tensors = [{**OUT, "name": "x", "role": "in"}, OUT]
                spec = {"tensors": case.tensors}
                case._place(place_case(cast(Any, spec), 1, {"reference": reference.plan_apart("case-1")["scratch"]}, self.memory.page))
                case._recordings, case._inputs_at = CaseRecordings(self.windows, "case-1"), None
                case._derived = DerivedInputs(case._gpu, [case.tensors], 2, case._at, lambda name, case=case: case.tensor_at(0, name))
                case._check = OwnCheck(case._gpu, spec, None, 0)
                runnable = case.bind("reference", reference, reference.plan_apart("case-1"))
                for look in range(LOOKS):
                    values = [float(self.rng.randrange(1, 100)) for _ in range(16)]
                    drawn = struct.pack("<16f", *values)
                    at = case.tensor_at(0, "x")
                    draws = [(0, lambda *_keys, to=at, data=drawn: self.driver.upload(to, data))]
                    case._draws = SimpleNamespace(again=lambda _seed, _look, found=draws: found)
                    case.expect(runnable, look + 1, (0, look))
                    expected = self.driver.download(case._hidden("expected", look, OUT), 64)
                    self.assertEqual(list(struct.unpack("<16f", expected)), [factor * value for value in values])
                case.wipe(range(LOOKS))
                for at in (case._at("reference.apart=out"), *(case._hidden("expected", look, OUT) for look in range(LOOKS))):
                    self.assertEqual(self.driver.download(at, 64), b"\xff" * 64, "nothing of it is left")
                reference.close()

    def is_references(self, address: int) -> bool:
        return OWN_BASES["reference"] <= address < OWN_BASES["reference"] + WINDOW_BYTES_MAX

    def in_windows(self) -> set[int]:
        return {address for address in self.driver.mapped if WINDOWS[0] <= address < WINDOWS[1]}

    def test_what_a_reference_keeps_is_as_it_was_recorded_whatever_a_candidate_did_to_it(self) -> None:
        reference = self.recorded(WEIGHTS, side="reference")
        case, pieces = self.place("case-0", {"reference": reference})
        bound = case.bind("reference", reference, pieces)
        case.show()
        for piece, segment, _ in reference._kept.values():
            self.driver.upload(reference._own(piece, segment), bytes(segment.bytes))
        self.assertTrue(reference.has_changed())
        values = [float(at) for at in range(8)]
        self.driver.upload(self.at(pieces, "0/x", 8), struct.pack("<8f", *values))
        case.show_alone("reference")
        self.assertEqual([operation() for operation in bound], [0] * len(bound))
        own = struct.unpack("<8f", self.driver.download(self.at(pieces, "reference.apart=out", 8), 32))
        self.assertEqual(list(own), [3.0 * value for value in values])

    def test_two_recordings_of_one_that_steers_by_values_differ(self) -> None:
        factors = set()
        for side in ("reference", "baseline"):
            program = self.recorded(BY_VALUE, side=side)
            [launch] = program._recorded.recording("case-0").operations
            factors.add(launch.parameters[2])
        self.assertEqual(len(factors), 2)

    def problem(self, reference: Any, baseline: Any) -> Problem:
        units = [{"language": "python" if isinstance(program, RecordedProgram) else "cuda"} for program in (reference, baseline)]
        found = Problem.__new__(Problem)
        found.definition = {"name": "scale", "reference": {**units[0], "side": "reference"}, "baseline": {**units[1], "side": "baseline"}}
        found._programs = {"reference": reference, "baseline": baseline}
        return found

    def test_a_problem_whose_recordings_disagree_judges_nobody(self) -> None:
        recorded, native = self.recorded(DOUBLE, side="reference"), SimpleNamespace()
        for problem, code, words in (
            (self.problem(recorded, recorded), "problem_refused", "recorded twice on other inputs, is judged wrong by itself: it steers by values"),
            (self.problem(recorded, native), "problem_refused", "the problem's own baseline is judged wrong"),
            (self.problem(native, native), "baseline_failed", "the problem's own baseline is judged wrong"),
        ):
            with self.subTest(words):
                failure = problem.blamed("wrong")
                self.assertEqual(failure.code, code)
                self.assertIn(words, str(failure))

    def test_a_reference_that_writes_to_what_it_keeps_judges_nobody(self) -> None:
        reference, baseline = self.recorded(WEIGHTS, side="reference"), self.recorded(WEIGHTS, side="baseline")
        case, pieces = self.place("case-0", {"reference": reference, "baseline": baseline})
        for side, program in (("reference", reference), ("baseline", baseline)):
            case.bind(side, program, pieces)
        problem = self.problem(reference, baseline)
        problem.refuse_change()
        piece, segment, _ = next(iter(reference._kept.values()))
        self.driver.upload(reference._own(piece, segment), b"\1")
        self.assertEqual(problem.changed(), "reference")
        with self.assertRaisesRegex(InfraFailure, "the reference of scale is no program to judge by: it changes memory") as raised:
            problem.refuse_change()
        self.assertEqual(raised.exception.code, "problem_refused")

    def test_what_it_keeps_is_restored_and_a_change_of_it_is_seen(self) -> None:
        program = self.recorded(COUNTER)
        case, pieces = self.place("case-0", {"candidate": program})
        bound = case.bind("candidate", program, pieces)
        self.run_once(bound, pieces, 8)
        self.assertFalse(program.has_changed())
        kept = next(iter(program._kept.values()))
        self.driver.upload(kept[1].address, b"\1")
        self.assertTrue(program.has_changed())
        case.restore()
        self.assertFalse(program.has_changed())

    def test_a_candidate_that_changes_what_the_record_keeps_has_crashed_and_nobody_is_timed_beside_it(self) -> None:
        holder = self.recorded(WEIGHTS)
        case, pieces = self.place("case-0", {"record": holder})
        case.bind("record", holder, pieces)
        sides = Contenders.__new__(Contenders)
        sides.programs, sides._problem = {"candidate": holder, "record": holder}, SimpleNamespace(changed=lambda: None)
        with patch.object(Contenders, "constants", lambda _self: b""):
            sides.refuse_change(b"", "case-0")
            kept = next(iter(holder._kept.values()))
            self.driver.upload(kept[1].address, b"\1")
            with self.assertRaisesRegex(DeviceFault, "what the record keeps") as raised:
                sides.refuse_change(b"", "case-0")
        self.assertTrue(raised.exception.lost)

    def test_a_module_that_the_driver_refuses_is_told_as_the_recordings_own(self) -> None:
        def refuse(_image: bytes) -> Any:
            raise CudaError(200, "CUDA_ERROR_INVALID_IMAGE", "cuModuleLoadData")

        self.driver.load_module = refuse
        with self.assertRaisesRegex(LaunchRejected, "CUDA_ERROR_INVALID_IMAGE"):
            self.recorded(DOUBLE)

    def test_a_device_without_room_for_what_it_keeps_is_not_its_fault(self) -> None:
        program = self.recorded(WEIGHTS)
        case, pieces = self.place("case-0", {"candidate": program})

        def refuse(_size: int) -> Any:
            raise CudaError(2, "CUDA_ERROR_OUT_OF_MEMORY", "cuMemCreate")

        self.driver.create_memory = refuse
        with self.assertRaises(InfraFailure) as failure:
            case.bind("candidate", program, pieces)
        self.assertEqual(failure.exception.code, "out_of_memory")

    def test_an_artifact_that_is_not_as_it_was_made_is_asked_for_again(self) -> None:
        self.recorded(DOUBLE)
        [folder] = [path.parent for path in self.folder.glob(f"*/{INDEX}")]
        index = json.loads((folder / INDEX).read_text())
        (folder / index["case-0"]).write_text("{}")
        with self.assertRaisesRegex(InfraFailure, "not as it was made"):
            RecordedArtifact(folder, ARCHITECTURE)

    def test_one_of_another_generation_is_refused(self) -> None:
        self.recorded(DOUBLE)
        [folder] = [path.parent for path in self.folder.glob(f"*/{INDEX}")]
        with self.assertRaises(LaunchRejected):
            RecordedArtifact(folder, "sm_80")
