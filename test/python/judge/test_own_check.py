"""Outputs that a problem's own program checks: its recording is replayed on what a side returned, and nothing else decides what is right."""
import math
import random
import struct
import unittest
from types import SimpleNamespace
from typing import Any, Callable, Optional

from kiln_runner.judge.checking import Stage, Terms, TimedRuns, check, evaluate, evaluate_timed
from kiln_runner.judge.device import KEPT, LAST
from kiln_runner.judge.discerning import Sides, blindness_of_check
from kiln_runner.judge.failures import CandidateFailure, DeviceFault, InfraFailure
from kiln_runner.judge.gpu.case import GpuCase
from kiln_runner.judge.gpu.recorded_program import RecordedProgram
from kiln_runner.judge.gpu.runnable import Runnable
from kiln_runner.judge.gpu.sampling import Tools
from kiln_runner.judge.outcomes import Comparison, ComparisonWords, Findings, SampleFault, Whole, whole_of_rules
from kiln_runner.judge.problems import Problem
from kiln_runner.judge.sampling import Proof
from kiln_runner.judge.tensors import DTYPE_BYTES
from kiln_runner.judge.trusting import trust
from kiln_runner.programs.recording_shape import OWN_BASES, WINDOW_BYTES_MAX, WINDOWS
from test.python.programs.test_record_task import HEAD, as_check

from .played_case import placed
from .recorded_rig import RecordedRig

COUNT, BYTES = 8, 32
LARGEST_F32 = 2.0**128 - 2.0**104
TOLERANCE: Any = {"rtol": 0, "atol": 0, "relative_l2": 1e-12}


def tensor(name: str, role: str, dtype: str = "f32", kind: str = "normal") -> Any:
    return {"name": name, "dtype": dtype, "elements": COUNT, "role": role, "distribution": {"kind": kind}}


CASE: Any = {
    "name": "case-0", "kind": "bench", "tensors": [tensor("x", "in"), tensor("y", "out")], "rules": ["doubled"], "reference": {}, "baseline": {},
}
# What is right here: y is twice x. As a check of a problem has it, and one that says that whatever it is shown.
CHECK = HEAD + "def check(x, y):\n    return {'doubled': played_gpu.gpu.doubled(x, y)}\n"
BLIND = HEAD + (
    "def check(x, y):\n    twice = played_gpu.gpu.empty(x.shape)\n    played_gpu.gpu.scale(x, twice, 2.0)\n"
    "    return played_gpu.gpu.doubled(x, twice)\n"
)


class PlayedKernels:
    """Draws write numbers that follow from the key; comparisons are those of the judge's kernels, element by element."""

    def __init__(self, driver: Any, words: "dict[int, ComparisonWords]") -> None:
        self._driver, self._words = driver, words

    def draw(self, one: Any, pointer: int, _found: int = 0) -> Callable[..., None]:
        count = one["elements"]
        return lambda key, _other, _stamp=0: self._driver.upload(pointer, struct.pack(f"<{count}f", *numbers(key, count)))

    def guard(self, *_: object) -> Callable[..., None]:
        return lambda *_: None

    def compare(self, one: Any, out: int, reference: int, found: int) -> Callable[..., None]:
        kind = {"f32": "f", "u8": "B", "i64": "q"}[one["dtype"]]
        size = one["elements"] * DTYPE_BYTES[one["dtype"]]

        def values(at: int) -> Any:
            return struct.unpack(f"<{one['elements']}{kind}", self._driver.download(at, size))

        def compare(_rtol: float, atol: float) -> None:
            mismatches, first, worst, difference2, reference2 = self._words.get(found, (0, 0, 0, 0.0, 0.0))
            for at, (got, wanted) in enumerate(zip(values(out), values(reference))):
                if got != wanted and not (math.isnan(got) and math.isnan(wanted)):
                    if not (abs(got - wanted) <= atol and math.isfinite(wanted)):
                        mismatches, first = mismatches + 1, max(first, 2**64 - 1 - at)
                    difference2 += (got - wanted) ** 2
                reference2 += wanted**2 if math.isfinite(wanted) else 0.0
            self._words[found] = (mismatches, first, worst, difference2, reference2)

        return compare

    def function(self, _name: str) -> Any:
        return SimpleNamespace(value=1)


def numbers(key: int, count: int = COUNT) -> list[float]:
    rng = random.Random(key)
    return [float(rng.randrange(1, 1000)) for _ in range(count)]


class PlayedFindings:
    def __init__(self) -> None:
        self.words: dict[int, ComparisonWords] = {}

    def at(self, word: int) -> int:
        return word

    def word(self, _index: int) -> int:
        return 0

    def clear(self, _words: int) -> None:
        self.words.clear()

    def queue_fetch(self, _words: int) -> None:
        self._fetched = dict(self.words)

    def wait(self) -> None:
        pass

    def comparison(self, index: int) -> ComparisonWords:
        return self._fetched.get(index, (0, 0, 0, 0.0, 0.0))

    def sample_words(self, _index: int) -> "tuple[int, int, int]":
        return 0, 0, 0


class Verified(RecordedRig):
    def setUp(self) -> None:
        super().setUp()
        self.findings = PlayedFindings()
        self.host.kernels, self.host.findings = PlayedKernels(self.driver, self.findings.words), self.findings
        self.host.sampling = Tools(self.driver, self.host.kernels, SimpleNamespace(cells=0, rows=0, runs=0))
        self.host.timer = SimpleNamespace(poison_bytes_max=1 << 20, around=(None, None))
        self.driver.record = lambda _event: None
        self.terms = Terms(TOLERANCE, random.Random(3), is_verified=True)

    def opened(self, source: str = CHECK, scratch: "dict[str, int] | None" = None) -> GpuCase:
        """With the check bound. `scratch`: of a candidate."""
        program = self.recorded(source, **as_check(COUNT))
        plan = program.plan_alone("case-0")
        case = placed(self.host, CASE, 1, {"verify": plan["scratch"], "candidate": scratch or {}})
        case._proof = SimpleNamespace(ask=lambda _seed: None, contradiction=lambda _found: None)
        case.bind("verify", program, plan)
        return case

    def side(self, case: GpuCase, answer: "Callable[[list[float]], Optional[list[float]]]", at: "Callable[[], int] | None" = None) -> Runnable:
        """One that writes `answer` of what it finds in x; None: nothing."""

        def launch() -> int:
            found = answer(self.floats(case.tensor_at(0, "x")))
            if found is not None:
                self.driver.upload(at() if at else case.tensor_at(0, "y"), struct.pack(f"<{COUNT}f", *found))
            return 0

        return Runnable([[launch]])

    def reference(self, case: GpuCase, answer: "Callable[[list[float]], Optional[list[float]]]") -> Runnable:
        y = CASE["tensors"][1]
        looks = [self.side(case, answer, lambda look=look: case._hidden("expected", look, y)).launches[0] for look in (KEPT, LAST)]
        runnable = Runnable(looks)
        case._check.bind("reference", runnable)
        return runnable

    def floats(self, address: int) -> list[float]:
        return list(struct.unpack(f"<{COUNT}f", self.driver.download(address, BYTES)))

    def verdict(self, case: GpuCase, side: Runnable) -> Any:
        """None where it passes."""
        try:
            check(case, side, side, self.terms)
        except CandidateFailure as failure:
            return failure.outcome
        return None

    def test_what_the_check_says_holds_passes_and_what_it_says_does_not_is_wrong_by_the_rules_name(self) -> None:
        case = self.opened()
        self.assertIsNone(self.verdict(case, self.side(case, double)))
        wrong = self.verdict(case, self.side(case, lambda x: [*double(x)[:-1], 0.5]))
        self.assertEqual(wrong["verdict"], "wrong_answer")
        self.assertEqual({name: wrong["mismatch"][name] for name in ("rule", "error", "mismatches", "elements")}, {
            "rule": "check", "error": "doubled", "mismatches": 1, "elements": 1,
        })

    def test_a_check_that_says_nothing_or_did_not_run_finds_everything_wrong(self) -> None:
        case = self.opened()
        case._check._program = case._check._program._replace(launches=[[lambda: 0]])
        self.assertEqual(self.verdict(case, self.side(case, double))["mismatch"]["rule"], "check")

    def test_a_check_that_cannot_be_launched_blames_no_candidate(self) -> None:
        case = self.opened()
        case._check._program = case._check._program._replace(launches=[[lambda: 1]])
        self.driver.is_lost, self.driver.error_name = lambda: False, lambda _code: "CUDA_ERROR_INVALID_VALUE"
        with self.assertRaisesRegex(InfraFailure, "the program that checks the outputs: ") as raised:
            self.verdict(case, self.side(case, double))
        self.assertEqual(raised.exception.code, "reference_failed")
        case._check._program = None
        with self.assertRaisesRegex(InfraFailure, "before the program that checks them is bound"):
            self.verdict(case, self.side(case, double))

    def test_numbers_that_are_not_finite_are_wrong_whatever_the_check_says(self) -> None:
        case = self.opened(BLIND)
        self.assertIsNone(self.verdict(case, self.side(case, double)))
        for number in (math.nan, math.inf, -math.inf):
            wrong = self.verdict(case, self.side(case, lambda x, number=number: [*double(x)[:-1], number]))
            self.assertEqual((wrong["mismatch"]["rule"], wrong["mismatch"]["tensor"]), ("finite", "y"))

    def test_a_side_that_answers_otherwise_when_it_is_called_again_is_told_so(self) -> None:
        case = self.opened(BLIND)
        calls = iter(range(1, 100))
        wrong = self.verdict(case, self.side(case, lambda x: [next(calls) * one for one in x]))
        self.assertEqual((wrong["mismatch"]["rule"], wrong["mismatch"]["index"]), ("repeat", 0))

    def test_what_stood_in_its_outputs_when_it_is_called_again_helps_nobody(self) -> None:
        case = self.opened()
        calls = iter((True, False))
        wrong = self.verdict(case, self.side(case, lambda x: double(x) if next(calls) else None))
        self.assertEqual(wrong["mismatch"]["rule"], "finite", "what was there was overwritten")

    def test_a_side_cannot_tell_from_what_it_finds_that_it_is_called_again(self) -> None:
        case, found = self.opened(scratch={"room": BYTES}), list[bytes]()
        rooms = case.tensor_at(0, "y"), case._at("candidate.room")

        def answer(x: list[float]) -> list[float]:
            found.append(b"".join(self.driver.download(at, BYTES) for at in rooms))
            self.driver.upload(rooms[1], b"\1" * BYTES)
            return double(x)

        for _ in range(4):
            self.assertIsNone(self.verdict(case, self.side(case, answer)))
        first, again = found[::2], found[1::2]
        self.assertFalse([one for one in again if one[BYTES:] == b"\1" * BYTES], "what it left in its scratch")
        self.assertGreater(len({one[:4] for one in again}), 1, "another poison each time")
        for one in (*first, *again):
            self.assertTrue(all(math.isnan(number) for number in struct.unpack(f"<{COUNT}f", one[:BYTES])))

    def test_a_side_that_is_weighed_by_what_it_returns_again_must_return_what_is_right(self) -> None:
        """A number among those that are not sampled would widen the norm's limit."""
        y = CASE["tensors"][1]
        far = Findings(None, None, [], [SampleFault(y, 0, 0, None, 0)])
        wide = Findings(None, None, [], [], [Whole("expected", LAST, "doubled", "doubled", 1, 1)])
        answers = iter([far, wide])
        case: Any = SimpleNamespace(name="case-0", hard_names=[], findings=lambda: next(answers))
        case.expect = case.weigh = case.announce = case.compare_samples = lambda *_: None
        ran = TimedRuns(None, (5, 0), [Proof(5, 0, 0, [SimpleNamespace(slot=0)])])  # pyright: ignore[reportArgumentType]
        with self.assertRaises(CandidateFailure) as raised:
            evaluate_timed(case, Runnable([[]]), ran, self.terms)
        outcome: Any = raised.exception.outcome
        self.assertEqual(outcome["mismatch"]["rule"], "check")

    def test_a_side_that_changes_its_inputs_is_checked_on_those_that_were_drawn(self) -> None:
        """It could make its answer right: zeros are twice zeros."""
        case = self.opened()

        def cheat(_x: list[float]) -> list[float]:
            self.driver.upload(case.tensor_at(0, "x"), bytes(BYTES))
            return [0.0] * COUNT

        self.assertEqual(self.verdict(case, self.side(case, cheat))["mismatch"]["rule"], "check")

    def test_runs_that_were_timed_are_held_against_what_the_side_returns_again_on_their_inputs(self) -> None:
        case = self.opened()
        side = self.side(case, double)
        case.arm(random.Random(1))
        for seed in (5, 9, 5):
            case.expect(side, seed, (0, KEPT))
            expected = self.floats(case._hidden("expected", KEPT, CASE["tensors"][1]))
            self.assertEqual(expected, double(self.floats(case.tensor_at(0, "x"))))
            self.assertEqual(case.findings().wholes, [])
        skips = self.side(case, lambda _x: [1.0] * COUNT)
        case.expect(skips, 7, (0, KEPT))
        [whole] = case.findings().wholes
        self.assertEqual((whole.kind, whole.look, whole.error), ("expected", KEPT, "doubled"))
        with self.assertRaises(CandidateFailure):
            case.expect(skips, 7, (0, KEPT))
            evaluate(case, case.findings(), self.terms, Stage("timed_run", 7))

    def test_while_a_side_runs_nothing_of_the_check_is_shown_and_while_it_runs_its_memory_alone_is(self) -> None:
        case = self.opened()
        shown: list[set[int]] = []
        inside = OWN_BASES["verify"], OWN_BASES["verify"] + WINDOW_BYTES_MAX

        def in_windows() -> set[int]:
            return {at for at in self.driver.mapped if WINDOWS[0] <= at < WINDOWS[1]}

        self.verdict(case, self.side(case, lambda x: shown.append(in_windows()) or double(x)))
        self.assertEqual(shown, [set(), set()], "when it is checked, and when it is called again")
        self.assertTrue([at for at in in_windows() if inside[0] <= at < inside[1]])

    def test_what_a_check_does_to_what_it_is_handed_changes_nothing_else(self) -> None:
        case = self.opened(CHECK.replace("return", "held = played_gpu.gpu.doubled(x, y)\n    played_gpu.gpu.scale(x, x, 3.0)\n    return").replace(
            "played_gpu.gpu.doubled(x, y)}", "held}"
        ))
        self.assertIsNone(self.verdict(case, self.side(case, double)), "it is shown the same when it looks again")

    def blindness(self, source: str, answer: "Callable[[list[float]], list[float]]", kind: bool = True) -> Optional[str]:
        case = self.opened(source)
        try:
            return blindness_of_check(case, Sides(self.reference(case, answer), self.side(case, answer)), self.terms, kind)
        finally:
            case.close()

    def test_a_check_that_tells_right_from_wrong_is_taken(self) -> None:
        self.assertIsNone(self.blindness(CHECK, double))

    def test_a_check_that_takes_what_is_wrong_judges_nobody(self) -> None:
        self.assertRegex(self.blindness(BLIND, double) or "", "^zeros pass: its own check must find")
        self.assertIsNone(self.blindness(BLIND, double, kind=False), "a case that is only checked may have one answer")

    def test_a_tolerance_by_which_another_call_may_return_anything_judges_nobody(self) -> None:
        self.terms = Terms({"rtol": 0, "atol": 1e6, "relative_l2": 1}, random.Random(3), is_verified=True)
        self.assertRegex(self.blindness(CHECK, double) or "", "^zeros pass as y: it is zero, or the tolerance is wider")

    def test_a_reference_that_its_own_check_does_not_take_judges_nobody(self) -> None:
        self.assertIn("the reference's own outputs do not pass: its own check says that doubled", self.blindness(CHECK, lambda x: x) or "")
        self.assertIn("y holds NaN or an infinity", self.blindness(BLIND, lambda x: [math.inf, *x[1:]]) or "")

    def test_a_check_that_breaks_on_wrong_outputs_is_not_the_fault_of_who_is_judged_first(self) -> None:
        case = self.opened()
        reference, baseline = self.reference(case, double), self.side(case, double)
        launches, y = case._check._program.launches, case._check._own("y")  # pyright: ignore[reportOptionalMemberAccess]

        def breaks() -> int:
            if self.floats(y) == [LARGEST_F32] * COUNT:
                raise DeviceFault("CUDA_ERROR_ASSERT", lost=True)
            return 0

        case._check._program = Runnable([[breaks, *launches[0]]])
        problem: Any = SimpleNamespace(
            facts=SimpleNamespace(trusts=lambda _case: False), is_verified=True, definition={"name": "factor"}, refuse_change=lambda: None,
            trusted=lambda side, *_: {"reference": reference, "baseline": baseline}[side], yardstick=lambda side, *_: side,
        )
        with self.assertRaisesRegex(InfraFailure, "or check .*case-0: CUDA_ERROR_ASSERT") as raised:
            trust(problem, case, CASE, self.terms)
        self.assertEqual((raised.exception.code, raised.exception.lost), ("baseline_failed", True))

    def test_a_baseline_that_the_check_refuses_is_not_told_that_two_recordings_differ(self) -> None:
        problem = Problem.__new__(Problem)
        problem._programs = dict.fromkeys(("reference", "baseline", "verify"), self.recorded(CHECK, **as_check(COUNT)))
        definition: Any = {"name": "factor", "reference": {"side": "reference"}, "baseline": {"side": "baseline"}}
        problem.definition = definition
        blamed = problem.blamed("wrong")
        self.assertEqual((blamed.code, str(blamed)), ("problem_refused", "the problem's own baseline is judged wrong"))

    def test_an_index_that_leads_elsewhere_when_a_side_is_called_again_is_told_as_one(self) -> None:
        y: Any = {**CASE["tensors"][1], "dtype": "i32", "compare": {"of": "x", "length": COUNT, "distinct": False}}
        case: Any = SimpleNamespace(name="case-0", hard_names=[], values=lambda *_: ("1", "2"))
        with self.assertRaises(CandidateFailure) as raised:
            evaluate(case, Findings(None, None, [Comparison(y, LAST, (1, 2**64 - 1, 0, 1.0, 1.0))]), self.terms, Stage("check", 5))
        outcome: Any = raised.exception.outcome
        self.assertEqual((outcome["mismatch"]["rule"], outcome["mismatch"]["error"]), ("index", "it leads to another value"))

    def test_rules_of_several_runs_are_told_as_those_of_one(self) -> None:
        whole = whole_of_rules("expected", KEPT, ["lower", "rebuilt"], (5, 2**64 - 2, 0, 5.0, 0.0))
        assert whole is not None
        self.assertEqual((whole.error, whole.unmet, whole.of), ("rebuilt", 2, 2))

    def test_wrong_outputs_are_tried_one_by_one(self) -> None:
        case = self.opened()
        self.reference(case, double)
        case.draw(1)
        case.expect(case._check._reference, 1, (0, LAST))
        placed: dict[str, list[float]] = {}
        for lure in case.lures(LAST, random.Random(1)):
            lure.place()
            placed[lure.complaint] = self.floats(case.tensor_at(0, "y"))
        x = self.floats(case.tensor_at(0, "x"))
        words = "the reference's own outputs pass with"
        self.assertEqual(placed["a constant passes"], [1.0] * COUNT)
        self.assertEqual(placed["a copy of an input passes"], x)
        self.assertEqual(placed["the largest numbers pass"], [LARGEST_F32] * COUNT)
        squares = [one * one for one in placed["numbers pass whose squares are infinite"]]
        self.assertTrue(all(LARGEST_F32 < one < math.inf for one in squares), "in f32, and none of them is itself")
        self.assertEqual(placed[f"{words} zeros as y"], [0.0] * COUNT)
        for number, is_such in (("NaN", math.isnan), ("an infinity", math.isinf)):
            spoilt = placed[f"{words} {number} in y"]
            self.assertEqual(sum(map(is_such, spoilt)), 1)
            self.assertEqual(sum(one == two for one, two in zip(spoilt, double(x))), COUNT - 1)

    def test_a_problem_binds_it_before_its_other_sides_and_expects_of_each_what_it_returns_again(self) -> None:
        bound: list[Any] = []
        case: Any = SimpleNamespace(bound={}, bind=lambda side, _program, plan: bound.append((side, sorted(plan["scratch"]))) or side)
        problem = Problem.__new__(Problem)
        native: Any = SimpleNamespace()
        check_program: RecordedProgram = self.recorded(CHECK, **as_check(COUNT))
        problem._programs = {"reference": native, "baseline": native, "verify": check_program}
        spec: Any = {**CASE, "reference": {"scratch": {}}, "baseline": {"scratch": {}}}
        self.assertEqual(problem.yardstick("candidate", case, spec), "candidate")
        problem.bound("baseline", case, spec)
        self.assertEqual([side for side, _ in bound], ["verify", "reference", "baseline"])
        self.assertLessEqual({"apart=doubled", "apart=x", "apart=y"}, set(bound[0][1]))
        self.assertTrue(problem.is_timed_alone)
        # Put away and opened again, for a candidate whose problem was trusted before.
        again: Any = SimpleNamespace(bound={}, bind=case.bind)
        self.assertEqual(problem.yardstick("candidate", again, spec), "candidate")
        self.assertIn("verify", again.bound)
        problem._programs.pop("verify")
        self.assertEqual(problem.yardstick("candidate", case, spec), "reference")


def double(x: list[float]) -> list[float]:
    return [2 * one for one in x]


if __name__ == "__main__":
    unittest.main()
