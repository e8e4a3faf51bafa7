"""The check case that the daemon drew for one judgement: nobody could know its shape before, and no other judgement has it."""
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import Hidden, HiddenCase

from .checking import Terms, check, check_prepared, prepare
from .device import OWN_SIDES, Case, Device, Program, Runnable, nothing
from .failures import CandidateFailure, DeviceFault, InfraFailure
from .layout import Scratch
from .outcomes import plan_error
from .problems import Problem
from .tensors import SEED_BITS, seed_for


def refuse_plan(hidden: Hidden) -> None:
    """CandidateFailure where the candidate's plan cannot be made for the shape."""
    if hidden["kind"] == "refused":
        raise CandidateFailure(plan_error(hidden["field"], hidden["message"]))


class _Opened(NamedTuple):
    case: Case
    candidate: Runnable
    reference: Runnable


class HiddenCheck:
    """Not opened -> opened (in memory of its own, bound, its inputs drawn) -> checked -> closed."""

    def __init__(self, device: Device, problem: Problem, candidate: Program, hidden: HiddenCase, terms: Terms) -> None:
        self._device, self._problem, self._candidate, self._terms = device, problem, candidate, terms
        self._spec, self._plan = hidden["case"], hidden["plan"]
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
        case, candidate, reference = self._opened or self._prepare(self._device.open_once(self._spec, self._scratch()))
        try:
            check_prepared(case, candidate, reference, self._terms, meanwhile)
        except CandidateFailure:
            self._acquit(case, reference)
            raise

    def close(self) -> None:
        """Once nothing that was queued uses it, unless the device was lost."""
        if self._opened:
            self._opened.case.close()
            self._opened = None

    def _scratch(self) -> Scratch:
        return {**{side: self._spec[side]["scratch"] for side in OWN_SIDES}, "candidate": self._plan["scratch"]}

    def _prepare(self, case: Case) -> _Opened:
        try:
            reference = self._problem.trusted("reference", case, self._spec)
            self._opened = _Opened(case, case.bind("candidate", self._candidate, self._plan), reference)
        except Exception as error:
            if not isinstance(error, DeviceFault):
                case.close()
            raise
        prepare(case, self._terms.rng, seed_for(self._terms.rng.getrandbits(SEED_BITS), 0))
        return self._opened

    def _acquit(self, case: Case, reference: Runnable) -> None:
        try:
            check(case, self._problem.trusted("baseline", case, self._spec), reference, self._terms)
        except CandidateFailure as failure:
            message = f"the problem's own baseline is judged {failure.outcome}: its bounds of hidden shapes are too wide"
            raise InfraFailure("baseline_failed", message) from failure
