"""Is the output right, is everything else untouched: one launch of a side on fresh inputs."""
import random

from .device import KEPT, LAST, Case, Runnable
from .failures import CandidateFailure
from .outcomes import Findings, modified_input, out_of_bounds, wrong_answer


def check(case: Case, subject: Runnable, reference: Runnable, terms: "Terms") -> None:
    """CandidateFailure unless one launch on fresh inputs gives the reference's outputs and touches nothing else.

    The reference runs only after the outputs were copied away, and its own are destroyed before the next launch.
    """
    seed = terms.rng.getrandbits(128)
    case.arm(terms.rng)
    case.draw(seed)
    case.poison(terms.rng)
    case.execute(subject)
    case.inspect(seed)
    case.snapshot(0, LAST)
    case.expect(reference, seed, (0, LAST))
    case.compare(terms.tolerance, LAST)
    evaluate(case, case.findings(), terms, "check")
    case.wipe([LAST])


def queue_timed_checks(case: Case, reference: Runnable, ran: "TimedOutputs", terms: "Terms") -> None:
    """After a timed section: the outputs of the kept run and of the last one, guards and inputs. `evaluate` then tells."""
    replica = terms.rng.randrange(case.batch)
    case.inspect(ran.last_seed)
    case.snapshot(replica, LAST)
    # The last run first: its inputs are still in place.
    case.expect(reference, ran.last_seed, (replica, LAST))
    case.compare(terms.tolerance, LAST)
    case.expect(reference, ran.kept_seed, (ran.kept_replica, KEPT))
    case.compare(terms.tolerance, KEPT)


def evaluate(case: Case, findings: Findings, terms: "Terms", stage: str) -> None:
    if findings.damage:
        raise CandidateFailure(out_of_bounds(case.name, findings.damage))
    if findings.modified:
        raise CandidateFailure(modified_input(case.name, findings.modified))
    for comparison in findings.comparisons:
        if not comparison.passes(terms.tolerance):
            expected, actual = case.values(comparison)
            raise CandidateFailure(wrong_answer(case.name, stage, comparison.mismatch(expected, actual, terms.tolerance)))


class Terms:
    """What every check of a judgement shares."""

    def __init__(self, tolerance: dict, rng: random.Random) -> None:
        self.tolerance, self.rng = tolerance, rng


class TimedOutputs:
    """What a timed section left behind to be checked: the kept snapshot's inputs, and the inputs now in place."""

    def __init__(self, kept_seed: int, kept_replica: int, last_seed: int) -> None:
        self.kept_seed, self.kept_replica, self.last_seed = kept_seed, kept_replica, last_seed
