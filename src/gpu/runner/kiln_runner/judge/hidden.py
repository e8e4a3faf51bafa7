"""The check case that the daemon drew for one judgement: nobody could know its shape before. What is recorded, the candidate or programs of the
problem's own, was recorded in it too.
"""
from typing import Callable, NamedTuple, Optional, Union

from kiln_runner.protocol import Hidden, HiddenCase, HiddenCaseOfProgram, Plan

from .answering import Answering
from .checking import Terms, check, check_prepared, prepare
from .device import Case, Device, Program, Runnable, nothing
from .failures import CandidateFailure, DeviceFault, InfraFailure
from .layout import Scratch
from .outcomes import plan_error
from .problems import Problem
from .recorded import Recorded
from .tensors import SEED_BITS, seed_for


def refuse_plan(hidden: Hidden) -> None:
    """CandidateFailure where the candidate's plan cannot be made for the shape."""
    if hidden["kind"] == "refused":
        raise CandidateFailure(plan_error(hidden["field"], hidden["message"]))


class _Opened(NamedTuple):
    case: Case
    candidate: Runnable
    # Whose outputs are expected.
    yardstick: Runnable


class HiddenCheck:
    """Not opened -> opened (in memory of its own, bound, its inputs drawn) -> checked -> closed."""

    def __init__(
        self, device: Device, problem: Problem, candidate: Program, hidden: Union[HiddenCase, HiddenCaseOfProgram], terms: Terms
    ) -> None:
        """InfraFailure where something was not recorded in the case."""
        self._device, self._problem, self._candidate, self._terms = device, problem, candidate, terms
        self._spec = hidden["case"]
        self._plan = _plan_of(candidate, hidden)
        self._opened: Optional[_Opened] = None

    @property
    def name(self) -> str:
        return self._spec["name"]

    def open_ahead(self) -> None:
        """While the device checks another case, where it has room for both. LaunchRejected."""
        case = self._device.open_beside(self._spec, self._scratch())
        if case is not None:
            self._prepare(case)

    def run(self, meanwhile: Callable[[], None] = nothing) -> None:
        """As `check`. Not before a candidate failed is the problem's own baseline asked: where it fails as well, the problem promises too much."""
        case, candidate, yardstick = self._opened or self._prepare(self._device.open_once(self._spec, self._scratch()))
        try:
            check_prepared(case, candidate, yardstick, self._terms, meanwhile)
        except CandidateFailure:
            self._acquit(case)
            raise

    def close(self) -> None:
        """Once nothing that was queued uses it, unless the device was lost."""
        if self._opened:
            self._opened.case.close()
            self._opened = None

    def _scratch(self) -> Scratch:
        own = {side: self._problem.plan(side, self._spec)["scratch"] for side in self._problem.sides}
        return {**own, "candidate": self._plan["scratch"]}

    def _prepare(self, case: Case) -> _Opened:
        try:
            # With it what derives inputs and what checks outputs, before anything is drawn.
            self._problem.trusted("reference", case, self._spec)
            candidate = case.bind("candidate", self._candidate, self._plan)
            self._opened = _Opened(case, candidate, self._problem.yardstick(candidate, case, self._spec))
        except Exception as error:
            if not isinstance(error, DeviceFault):
                case.close()
            raise
        prepare(case, self._terms.rng, seed_for(self._terms.rng.getrandbits(SEED_BITS), 0))
        return self._opened

    def _acquit(self, case: Case) -> None:
        baseline = self._problem.trusted("baseline", case, self._spec)
        try:
            check(case, baseline, self._problem.yardstick(baseline, case, self._spec), self._terms)
        except CandidateFailure as failure:
            message = f"the problem's own baseline is judged {failure.outcome}: its bounds of hidden shapes are too wide"
            # Recorded anew it would be the same.
            raise InfraFailure("problem_refused" if self._problem.is_recorded else "baseline_failed", message) from failure


def _plan_of(candidate: Program, hidden: Union[HiddenCase, HiddenCaseOfProgram]) -> Plan:
    """InfraFailure where there is none."""
    if isinstance(candidate, (Recorded, Answering)):
        return candidate.plan(hidden["case"]["name"])
    if hidden["kind"] == "program":
        raise InfraFailure("internal", f"the task has no plan for the case {hidden['case']['name']}")
    return hidden["plan"]
