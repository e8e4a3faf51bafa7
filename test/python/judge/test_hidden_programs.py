"""The hidden case where the candidate, or programs of the problem's own, were recorded in it: by a played recorder, on a played driver."""
import itertools
import random
import struct
import unittest
from types import SimpleNamespace
from typing import Any, Optional

from kiln_runner.judge.checking import Terms
from kiln_runner.judge.failures import CandidateFailure, InfraFailure
from kiln_runner.judge.gpu.case import GpuCase
from kiln_runner.judge.gpu.device import without_empty
from kiln_runner.judge.gpu.placing import place_case
from kiln_runner.judge.gpu.runnable import Runnable
from kiln_runner.judge.gpu.sampling import Tools
from kiln_runner.judge.hidden import HiddenCheck
from kiln_runner.judge.problems import Problem
from test.python.programs.test_record_task import DOUBLE, FILLS_BOTH

from .recorded_rig import RecordedRig
from .test_own_check import BLIND, CHECK, PlayedFindings, PlayedKernels

NAME, DECLARED, HIDDEN = "hidden(n=16)", 8, 16
# Right for the shape that anybody can read.
DECLARED_ONLY = DOUBLE.replace("2.0", f"2.0 if x.elements == {DECLARED} else 3.0")
TRIPLE = DOUBLE.replace("2.0", "3.0")
TOLERANCE: Any = {"rtol": 0, "atol": 0, "relative_l2": 1e-12}
EMPTY: Any = {"launches": [], "scratch": {}}


class Native(SimpleNamespace):
    """What has a plan, in plain Python: its factor."""


class Restless(Native):
    @property
    def factor(self) -> int:
        return next(self.calls)


def tensor(name: str, role: str, count: int, kind: str = "normal") -> Any:
    return {"name": name, "dtype": "f32", "shape": [count], "role": role, "distribution": {"kind": kind}}


def cases(*tensors: "tuple[str, str]", rules: "tuple[str, ...]" = ()) -> Any:
    """What a program is called in: the case that is declared, and the hidden one."""
    said = [{"name": rule, "dtype": "u8", "shape": [1], "role": "out", "distribution": {"kind": "rule"}} for rule in rules]
    sizes = {"case-0": DECLARED, NAME: HIDDEN}
    return [{"name": name, "tensors": [*(tensor(*one, count) for one in tensors), *said]} for name, count in sizes.items()]


CALLED = cases(("x", "in"), ("out", "out"))


def defined(*tensors: Any, **more: Any) -> Any:
    elements = [{key: value for key, value in {**one, "elements": HIDDEN}.items() if key != "shape"} for one in tensors]
    return {"name": NAME, "kind": "check", "tensors": elements, "reference": EMPTY, "baseline": EMPTY, **more}


PLAIN = defined(tensor("x", "in", HIDDEN), tensor("out", "out", HIDDEN))
VERIFIED = defined(tensor("x", "in", HIDDEN), tensor("y", "out", HIDDEN), rules=["doubled"])


class PlayedCase(GpuCase):
    """What has a plan is a factor."""

    def _bind(self, side: str, program: Any, plan: Any) -> Runnable:
        if not isinstance(program, Native):
            return super()._bind(side, program, plan)
        source, out = self.tensors[0], self._outputs[0]

        def launch(look: int) -> int:
            to = self._reference_tensor(out, look) if side == "reference" else self.tensor_at(0, out["name"])
            values = struct.unpack(f"<{HIDDEN}f", self._driver.download(self.tensor_at(0, source["name"]), 4 * HIDDEN))
            self._driver.upload(to, struct.pack(f"<{HIDDEN}f", *(program.factor * value for value in values)))
            return 0

        return Runnable([[lambda look=look: launch(look)] for look in range(2)])


class HiddenPrograms(RecordedRig):
    def setUp(self) -> None:
        super().setUp()
        self.findings = PlayedFindings()
        self.host.kernels, self.host.findings = PlayedKernels(self.driver, self.findings.words), self.findings
        self.host.sampling = Tools(self.driver, self.host.kernels, SimpleNamespace(cells=0, rows=0, runs=0))
        self.host.timer = SimpleNamespace(poison_bytes_max=1 << 20, around=(None, None))
        self.driver.record = lambda _event: None
        self.closed = 0

    def open_once(self, spec: Any, scratch: Any) -> GpuCase:
        case = PlayedCase(self.host, spec, 1, place_case(spec, 1, without_empty(scratch), self.host.memory.page))
        case._proof = SimpleNamespace(ask=lambda _seed: None, contradiction=lambda _found: None)
        return case

    def side(self, side: str, source: "str | int", called: Any = CALLED, **entry: Any) -> Any:
        """A program of the problem's own, or a factor."""
        return Native(factor=source) if isinstance(source, int) else self.recorded(source, side=side, cases=called, **entry)

    def problem(self, **sides: Any) -> Problem:
        problem = Problem.__new__(Problem)
        problem.definition = {"name": "scale"}
        problem._programs = sides
        return problem

    def scale(self, source: "str | int", baseline: "str | int | None" = None) -> Problem:
        return self.problem(reference=self.side("reference", source), baseline=self.side("baseline", source if baseline is None else baseline))

    def judge(self, problem: Problem, candidate: Any, spec: Any = PLAIN) -> Optional[Any]:
        """The outcome of a candidate that fails; None: it passes."""
        is_native = isinstance(candidate, Native)
        hidden = {"kind": "case", "case": spec, "plan": EMPTY} if is_native else {"kind": "program", "case": spec}
        check = HiddenCheck(self, problem, candidate, hidden, Terms(TOLERANCE, random.Random(3), is_verified=problem.is_verified))
        try:
            check.run()
        except CandidateFailure as failure:
            return failure.outcome
        finally:
            check.close()
        return None

    def assert_wrong(self, outcome: Any) -> None:
        self.assertEqual((outcome["verdict"], outcome["case"], outcome["stage"]), ("wrong_answer", NAME, "check"))

    def candidate(self, source: str) -> Any:
        return self.recorded(source, cases=CALLED)

    def test_a_program_that_is_right_for_declared_shapes_alone_is_wrong_by_references_of_either_kind(self) -> None:
        honest, special = [self.candidate(source) for source in (DOUBLE, FILLS_BOTH)], self.candidate(DECLARED_ONLY)
        for reference in (2, DOUBLE):
            problem = self.scale(reference)
            self.assertEqual([self.judge(problem, one) for one in honest], [None, None])
            self.assert_wrong(self.judge(problem, special))
            self.assertIsNone(self.judge(problem, honest[0]), "nothing of the one before is left")

    def test_a_kernel_with_a_plan_is_held_to_a_reference_that_was_recorded_in_the_case(self) -> None:
        problem = self.scale(DOUBLE)
        self.assertIsNone(self.judge(problem, Native(factor=2)))
        self.assert_wrong(self.judge(problem, Native(factor=3)))

    def test_bounds_that_a_recorded_baseline_does_not_keep_refuse_the_problem_and_no_candidate(self) -> None:
        for reference, baseline, code in ((DOUBLE, DECLARED_ONLY, "problem_refused"), (2, TRIPLE, "problem_refused"), (2, 3, "baseline_failed")):
            with self.assertRaisesRegex(InfraFailure, "its bounds of hidden shapes are too wide") as raised:
                self.judge(self.scale(reference, baseline), self.candidate(TRIPLE))
            self.assertEqual(raised.exception.code, code)

    def test_inputs_are_derived_in_the_case_too_before_anybody_reads_them(self) -> None:
        inputs = self.side("inputs", TRIPLE, cases(("raw", "in"), ("x", "out")))
        spec = defined(tensor("x", "in", HIDDEN, "derived"), tensor("out", "out", HIDDEN))
        spec["raw"] = [{**spec["tensors"][1], "name": "raw", "role": "in"}]
        problem = self.problem(reference=Native(factor=2), baseline=Native(factor=2), inputs=inputs)
        self.assertIsNone(self.judge(problem, Native(factor=2), spec))
        self.assert_wrong(self.judge(problem, self.candidate(DECLARED_ONLY), spec))

    def verified(self, check: str, baseline: int) -> Problem:
        entry = {"file": "main.py", "symbol": "check", "style": "function"}
        called = [{**one, "values": {}} for one in cases(("x", "in"), ("y", "in"), rules=("doubled",))]
        verify = self.side("verify", check, called, entry=entry)
        return self.problem(reference=Native(factor=2), baseline=Native(factor=baseline), verify=verify)

    def test_a_check_of_the_problems_own_is_asked_in_the_case(self) -> None:
        self.assertIsNone(self.judge(self.verified(CHECK, 2), Native(factor=2), VERIFIED))
        wrong = self.judge(self.verified(CHECK, 2), Native(factor=3), VERIFIED)
        self.assertEqual((wrong["mismatch"]["rule"], wrong["mismatch"]["error"]), ("check", "doubled"))
        with self.assertRaisesRegex(InfraFailure, "too wide"):
            self.judge(self.verified(CHECK, 3), Native(factor=3), VERIFIED)

    def test_where_it_says_what_is_right_nobody_is_held_to_the_references_answer(self) -> None:
        problem = self.verified(BLIND, 5)
        self.assertIsNone(self.judge(problem, Native(factor=3), VERIFIED))
        self.assertEqual(self.judge(problem, Restless(calls=itertools.count(1)), VERIFIED)["mismatch"]["rule"], "repeat", "nor is the baseline")

    def test_what_was_not_recorded_in_the_case_is_asked_for_again(self) -> None:
        elsewhere = [{**one, "name": one["name"].replace("16", "17")} for one in CALLED]
        recorded = self.scale(DOUBLE)
        for problem, candidate in (
            (recorded, self.recorded(DOUBLE, cases=elsewhere)), (self.problem(reference=self.side("reference", DOUBLE, elsewhere)), Native(factor=2)),
        ):
            with self.assertRaisesRegex(InfraFailure, "has no case hidden") as raised:
                self.judge(problem, candidate)
            self.assertEqual(raised.exception.code, "unknown_artifact")

    def test_a_program_that_its_task_takes_for_one_and_that_is_none_is_no_candidates_fault(self) -> None:
        with self.assertRaises(InfraFailure) as raised:
            HiddenCheck(self, self.scale(2), Native(factor=2), {"kind": "program", "case": PLAIN}, Terms(TOLERANCE, random.Random(3)))
        self.assertEqual(raised.exception.code, "internal")


if __name__ == "__main__":
    unittest.main()
