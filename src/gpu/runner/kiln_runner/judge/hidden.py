"""The check case that the daemon drew for one judgement: nobody could know its shape before, and no other judgement has it."""
from kiln_runner.protocol import DefinedCase, Hidden, HiddenCase

from .checking import Terms, check
from .device import OWN_SIDES, Case, Device, Program, Runnable
from .failures import CandidateFailure, DeviceFault, InfraFailure
from .outcomes import plan_error
from .problems import Problem


def refuse_plan(hidden: Hidden) -> None:
    """CandidateFailure where the candidate's plan cannot be made for the shape."""
    if hidden["kind"] == "refused":
        raise CandidateFailure(plan_error(hidden["field"], hidden["message"]))


def check_hidden(device: Device, problem: Problem, candidate: Program, hidden: HiddenCase, terms: Terms) -> None:
    """As `check`. Not before a candidate failed is the problem's own baseline asked: where it fails as well, the problem promises too much."""
    spec, is_lost = hidden["case"], False
    scratch = {**{side: spec[side]["scratch"] for side in OWN_SIDES}, "candidate": hidden["plan"]["scratch"]}
    case = device.open_once(spec, scratch)
    try:
        reference = problem.trusted("reference", case, spec)
        try:
            check(case, case.bind("candidate", candidate, hidden["plan"]), reference, terms)
        except CandidateFailure:
            _acquit(problem, case, spec, reference, terms)
            raise
    except DeviceFault:
        is_lost = True
        raise
    finally:
        if not is_lost:
            case.close()


def _acquit(problem: Problem, case: Case, spec: DefinedCase, reference: Runnable, terms: Terms) -> None:
    try:
        check(case, problem.trusted("baseline", case, spec), reference, terms)
    except CandidateFailure as failure:
        message = f"the problem's own baseline is judged {failure.outcome}: its bounds of hidden shapes are too wide"
        raise InfraFailure("baseline_failed", message) from failure
