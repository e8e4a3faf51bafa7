"""Whether a problem's own sides can judge a case on this device: asked once, before the first candidate is checked there."""
from kiln_runner.protocol import DefinedCase

from .checking import Terms, advice, check
from .device import Case
from .discerning import Sides, blindness, blindness_of_check
from .failures import CandidateFailure, DeviceFault, InfraFailure, LaunchRejected
from .problems import Problem

# What a check that breaks has not done.
CLAMPS = "outputs hold anything, and a check clamps what it looks up by them"


def trust(problem: Problem, case: Case, spec: DefinedCase, terms: Terms) -> None:
    """The baseline must pass what candidates must pass, which tries the reference too, and what does no work must not. InfraFailure."""
    if problem.facts.trusts(spec["name"]):
        return
    reference, baseline = (problem.trusted(side, case, spec) for side in ("reference", "baseline"))
    try:
        for input_set in range(1 + len(case.hard_names)):
            check(case, baseline, problem.yardstick(baseline, case, spec), terms, input_set)
        problem.refuse_change()
        find = blindness_of_check if problem.is_verified else blindness
        reason = find(case, Sides(reference, baseline), terms, spec["kind"] == "bench")
    except CandidateFailure as failure:
        raise problem.blamed(f"{failure.outcome}{advice(failure.outcome)}") from failure
    except (DeviceFault, LaunchRejected) as error:
        own = f"reference, baseline or check ({CLAMPS})" if problem.is_verified else "reference or baseline"
        message = f"the problem's own {own}, case {spec['name']}: {error}"
        raise InfraFailure("baseline_failed", message, lost=getattr(error, "lost", False)) from error
    if reason is not None:
        name = problem.definition["name"]
        raise InfraFailure("problem_refused", f"the problem {name} cannot tell right from wrong: case {spec['name']}: {reason}")
    problem.facts.trust(spec["name"])
