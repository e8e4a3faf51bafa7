"""Can a problem tell right from wrong? Asked in each case, once on a device, after the problem's own baseline has passed there.

A reference that is not finite refuses the problem in any case. That something passes which did no work refuses it in a timed case only: a check
case may be so small that its answer is always the same (the softmax of one number is 1).
"""
import math
from typing import Optional

from .checking import Terms
from .device import LAST, Case, Lure, Runnable, nothing
from .outcomes import Comparison, Findings

# Whose outputs must not all pass for one draw's: of an answer with few values (an index, a flag) one may well be the same.
OTHER_DRAWS = 4


class Sides:
    def __init__(self, reference: Runnable, baseline: Runnable) -> None:
        self.reference, self.baseline = reference, baseline


def blindness(case: Case, sides: Sides, terms: Terms, is_timed: bool) -> Optional[str]:
    """Why this case cannot tell right from wrong; None: it can."""
    seed = terms.rng.getrandbits(128)
    case.arm(terms.rng)
    found = _not_finite(case, sides, terms, seed) or (_idle(case, sides, terms, seed) if is_timed else None)
    case.wipe([LAST])
    return found


def blindness_of_check(case: Case, sides: Sides, terms: Terms, is_timed: bool) -> Optional[str]:
    """As `blindness`, of a problem with a check of its own."""
    seed = terms.rng.getrandbits(128)
    case.arm(terms.rng)
    found = _disowned(case, sides, terms, seed) or _not_finite(case, sides, terms, seed)
    if found is None and is_timed:
        # Samples of timed runs are compared with what a side returns again.
        found = _lured(case, sides, terms, seed) or _idle(case, sides, terms, seed)
    case.wipe([LAST])
    return found


def _disowned(case: Case, sides: Sides, terms: Terms, seed: int) -> Optional[str]:
    """The reference itself must pass, as the baseline did."""
    case.draw(seed)
    case.blank()
    wholes = _queued(case, sides, terms, seed).wholes
    return next((f"the reference's own outputs do not pass: {one.words}" for one in wholes if (one.kind, one.look) == ("expected", LAST)), None)


def _lured(case: Case, sides: Sides, terms: Terms, seed: int) -> Optional[str]:
    lures = [Lure("zeros pass", case.blank), Lure("outputs pass to which nothing was written", nothing), *case.lures(LAST, terms.rng)]
    for lure in lures:
        case.draw(seed)
        case.poison(terms.rng)
        # What lures are made of.
        case.expect(sides.reference, seed, (0, LAST))
        lure.place()
        if _is_taken(case, sides, terms, seed):
            return f"{lure.complaint}: its own check must find what is wrong with that"
    for _ in range(OTHER_DRAWS):
        case.draw(terms.rng.getrandbits(128))
        case.poison(terms.rng)
        case.execute(sides.baseline)
        if not _is_taken(case, sides, terms, seed):
            return None
    return "outputs of other inputs pass: its own check must hold outputs against the inputs"


def _is_taken(case: Case, sides: Sides, terms: Terms, seed: int) -> bool:
    """Whether its own check finds nothing in what stands in the outputs now."""
    return not any((one.kind, one.look) == ("kept", LAST) for one in _queued(case, sides, terms, seed).wholes)


def _not_finite(case: Case, sides: Sides, terms: Terms, seed: int) -> Optional[str]:
    for zeros in _zeros(case, sides, terms, seed):
        # Each difference from 0 is the reference itself.
        if math.isnan(zeros.difference2):
            return f"the reference's {zeros.name} holds NaN, which only NaN can equal: inputs must be such that results are numbers"
        if math.isinf(zeros.difference2):
            return f"the reference's {zeros.name} is infinite, or too large for its norm: inputs must be such that results are finite"
    return None


def _idle(case: Case, sides: Sides, terms: Terms, seed: int) -> Optional[str]:
    for zeros in _zeros(case, sides, terms, seed):
        if zeros.passes(terms.tolerance):
            return f"zeros pass as {zeros.name}: it is zero, or the tolerance is wider than what it holds"
    case.draw(seed)
    case.poison(terms.rng)
    for untouched in _looked(case, sides, terms, seed):
        if untouched.passes(terms.tolerance):
            return f"{untouched.name} passes though nothing was written to it: the tolerance is too wide, or the input is already the result"
    same = {output.name for output in _others(case, sides, terms, seed)}
    for _ in range(OTHER_DRAWS - 1):
        if not same:
            return None
        same &= {output.name for output in _others(case, sides, terms, seed)}
    return f"{sorted(same)[0]} of other inputs passes: it does not depend on the inputs, or the tolerance is too wide" if same else None


def _zeros(case: Case, sides: Sides, terms: Terms, seed: int) -> list[Comparison]:
    case.draw(seed)
    case.blank()
    return _looked(case, sides, terms, seed)


def _others(case: Case, sides: Sides, terms: Terms, seed: int) -> list[Comparison]:
    """Outputs of other inputs that pass for those of `seed`."""
    case.draw(terms.rng.getrandbits(128))
    case.poison(terms.rng)
    case.execute(sides.baseline)
    return [output for output in _looked(case, sides, terms, seed) if output.passes(terms.tolerance)]


def _looked(case: Case, sides: Sides, terms: Terms, seed: int) -> list[Comparison]:
    """What stands in the outputs now, compared with what the reference makes of the inputs of `seed`."""
    return [comparison for comparison in _queued(case, sides, terms, seed).comparisons if comparison.look == LAST]


def _queued(case: Case, sides: Sides, terms: Terms, seed: int) -> Findings:
    case.inspect(seed)
    case.snapshot(0, LAST)
    case.expect(sides.reference, seed, (0, LAST))
    case.compare(terms.tolerance, LAST)
    return case.findings()
