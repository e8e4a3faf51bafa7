"""Inputs that a problem's own program derives: its recording is replayed on what the judge draws, and sides see what came of it alone."""
import random
import struct
import unittest
from types import SimpleNamespace
from typing import Any, Callable

from kiln_runner.judge.failures import InfraFailure
from kiln_runner.judge.gpu.case import GpuCase
from kiln_runner.judge.gpu.derived_inputs import DerivedInputs
from kiln_runner.judge.gpu.sampling import Tools
from kiln_runner.judge.problems import Problem
from kiln_runner.judge.tensors import input_sets, keys_of
from kiln_runner.programs.recording_shape import OWN_BASES, WINDOW_BYTES_MAX, WINDOWS
from test.python.programs.test_record_task import DOUBLE, OWN_OUTPUT, PART, WEIGHTS

from .played_case import placed
from .recorded_rig import RecordedRig

COUNT, BYTES = 8, 32


def tensor(name: str, role: str, kind: str = "normal") -> Any:
    return {"name": name, "dtype": "f32", "elements": COUNT, "role": role, "distribution": {"kind": kind}}


# `x` is what `out` of the program becomes.
CASE: Any = {
    "name": "case-0", "kind": "bench", "tensors": [tensor("w", "in"), tensor("out", "in", "derived"), tensor("y", "out")], "raw": [tensor("x", "in")],
    "hard": [{"name": "odd", "distributions": {"x": {"kind": "zeros"}}}], "reference": {}, "baseline": {},
}


class PlayedKernels:
    """Draws write numbers that follow from the key and from the kind; a comparison counts bytes that differ."""

    def __init__(self, driver: Any, words: dict[int, int]) -> None:
        self._driver, self._words = driver, words

    def draw(self, one: Any, pointer: int, _found: int = 0) -> Callable[..., None]:
        return lambda key, _other, _stamp=0: self._driver.upload(pointer, struct.pack(f"<{COUNT}f", *numbers(key, one["distribution"]["kind"])))

    def guard(self, *_: object) -> Callable[..., None]:
        return lambda *_: None

    def compare(self, one: Any, out: int, reference: int, found: int) -> Callable[..., None]:
        size = one["elements"] * {"i64": 8, "f32": 4}[one["dtype"]]

        def compare(*_: float) -> None:
            self._words[found] = sum(a != b for a, b in zip(self._driver.download(out, size), self._driver.download(reference, size)))

        return compare

    def function(self, _name: str) -> Any:
        return SimpleNamespace(value=1)


def numbers(key: int, kind: str) -> list[float]:
    rng = random.Random(key)
    return [0.0 if kind == "zeros" else float(rng.randrange(1, 1000)) for _ in range(COUNT)]


class Derived(RecordedRig):
    def setUp(self) -> None:
        super().setUp()
        self.words: dict[int, int] = {}
        self.host.kernels = PlayedKernels(self.driver, self.words)
        self.host.findings = SimpleNamespace(at=lambda word: word, word=lambda word: self.words.get(word, 0), clear=lambda _words: self.words.clear())
        self.host.sampling = Tools(self.driver, self.host.kernels, SimpleNamespace(cells=0, rows=0, runs=0))
        self.host.timer = SimpleNamespace(poison_bytes_max=1 << 20, around=(None, None))

    def opened(self, source: str, batch: int = 1) -> GpuCase:
        """With what derives its inputs bound."""
        program = self.recorded(source, side="inputs")
        plan = program.plan_alone("case-0")
        case = placed(self.host, CASE, batch, {"inputs": plan["scratch"]})
        case._proof = SimpleNamespace(ask=lambda _seed: None)
        case.bind("inputs", program, plan)
        return case

    def numbers_at(self, address: int) -> list[float]:
        return list(struct.unpack(f"<{COUNT}f", self.driver.download(address, BYTES)))

    def inputs(self, case: GpuCase) -> list[float]:
        return self.numbers_at(case.tensor_at(0, "out"))

    def in_windows(self) -> set[int]:
        return {address for address in self.driver.mapped if WINDOWS[0] <= address < WINDOWS[1]}

    def test_every_draw_derives_them_from_numbers_of_its_own(self) -> None:
        for source, factor in ((DOUBLE, 2.0), (OWN_OUTPUT, 2.0), (PART, 2.0), (WEIGHTS, 3.0)):
            with self.subTest(source):
                case = self.opened(source)
                for seed in (1, 2, 1):
                    case.draw(seed)
                    self.assertEqual(self.inputs(case), [factor * one for one in numbers(self.raw_key(seed), "normal")])
                    plain = numbers(self.raw_key(seed, 0), "normal")
                    self.assertEqual(self.numbers_at(case.tensor_at(0, "w")), plain, "others are drawn as ever")
                case.close()

    def raw_key(self, seed: int, number: int = 3) -> int:
        return keys_of(seed, 0, number)[0]

    def test_hard_inputs_are_derived_from_hard_ones(self) -> None:
        case = self.opened(DOUBLE)
        case.draw(7 | 1 << 128)
        self.assertEqual(self.inputs(case), [0.0] * COUNT)
        case.draw(7)
        self.assertNotEqual(self.inputs(case), [0.0] * COUNT)

    def test_while_a_side_runs_nothing_of_the_program_is_shown_and_what_was_drawn_for_it_is_gone(self) -> None:
        case = self.opened(WEIGHTS)
        case.draw(1)
        self.assertEqual(self.in_windows(), set())
        self.assertEqual(self.driver.download(case._at("inputs.apart=x"), BYTES), b"\xff" * BYTES)
        inside = OWN_BASES["inputs"], OWN_BASES["inputs"] + WINDOW_BYTES_MAX
        case._derive(2)
        self.assertTrue([at for at in self.in_windows() if inside[0] <= at < inside[1]], "while it runs, its own memory is")

    def test_a_side_that_changes_them_is_told_and_the_draw_itself_is_no_change(self) -> None:
        case = self.opened(OWN_OUTPUT)
        case.draw(1)
        case.poison(random.Random(1))
        case.inspect(1)
        self.assertIsNone(case._modified(self.host.findings))
        self.driver.upload(case.tensor_at(0, "out") + BYTES - 1, b"\x7f")
        case.inspect(1)
        self.assertEqual(case._modified(self.host.findings), "out")

    def test_the_reference_reads_those_of_the_run_that_it_is_asked_for(self) -> None:
        case = self.opened(DOUBLE)
        read: list[list[float]] = []
        reference: Any = SimpleNamespace(launches=[[lambda: read.append(self.inputs(case)) or 0]] * 2, fill=lambda _look: None)
        case.draw(1)
        for seed in (1, 2):
            case.expect(reference, seed, (0, 0))
        self.assertEqual(read, [[2.0 * one for one in numbers(self.raw_key(seed), "normal")] for seed in (1, 2)])

    def test_a_change_is_noted_where_it_is_asked_for(self) -> None:
        noted: list[int] = []

        def compare(_tensor: Any, _given: int, _made: int, found: int) -> Callable[..., None]:
            return lambda *_: noted.append(found)

        gpu: Any = SimpleNamespace(findings=SimpleNamespace(at=lambda word: word), kernels=SimpleNamespace(compare=compare))
        derived = DerivedInputs(gpu, input_sets(CASE), len(CASE["tensors"]), lambda _: 0, lambda _: 0)
        for first in (3, 8, 3):
            derived.verify(first)
        self.assertEqual(noted, [3, 8, 3])

    def test_all_kernels_and_copies_of_a_draw_are_counted_and_the_timer_samples_before_it(self) -> None:
        case = self.opened(WEIGHTS)
        # w; x, its wiping, what the program launches, and `out` brought to where sides read it.
        self.assertEqual(case.draw(1), 1 + 2 + len(case._derived._program.launches[0]) + 1)
        self.assertTrue(case.waits_in_draws)
        plain: Any = {**CASE, "tensors": [tensor("w", "in"), tensor("y", "out")]}
        del plain["raw"], plain["hard"]
        self.assertFalse(placed(self.host, plain, 1, {}).waits_in_draws)

    def test_a_judge_that_could_not_derive_blames_nobody(self) -> None:
        with self.assertRaisesRegex(InfraFailure, "of 2 executions in a row cannot be derived"):
            self.opened(DOUBLE, batch=2).draw(1)
        unbound = placed(self.host, CASE, 1, {"inputs": {"apart=x": BYTES, "apart=out": BYTES}})
        with self.assertRaisesRegex(InfraFailure, "before the program that derives them is bound"):
            unbound.draw(1)
        case = self.opened(DOUBLE)
        case._derived._program = case._derived._program._replace(launches=[[lambda: 1]])
        self.driver.is_lost, self.driver.error_name = lambda: False, lambda _code: "CUDA_ERROR_INVALID_VALUE"
        with self.assertRaisesRegex(InfraFailure, "the program that derives the inputs: ") as raised:
            case.draw(1)
        self.assertEqual(raised.exception.code, "reference_failed")

    def test_a_problem_binds_it_before_its_other_sides_and_times_one_run_at_a_time(self) -> None:
        bound: list[str] = []
        case: Any = SimpleNamespace(bound={}, bind=lambda side, _program, plan: bound.append((side, sorted(plan["scratch"]))))
        problem = Problem.__new__(Problem)
        native: Any = SimpleNamespace()
        problem._programs = {"reference": native, "baseline": native, "inputs": self.recorded(DOUBLE, side="inputs")}
        spec: Any = {"name": "case-0", "reference": {"scratch": {}}, "baseline": {"scratch": {}}}
        problem.bound("reference", case, spec)
        problem.bound("baseline", case, spec)
        self.assertEqual(bound, [("inputs", ["apart=out", "apart=x"]), ("reference", []), ("baseline", [])])
        self.assertTrue(problem.is_timed_alone)
        self.assertTrue(problem.is_recorded)


if __name__ == "__main__":
    unittest.main()
