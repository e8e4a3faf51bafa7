"""Is the output right, is everything else untouched: one launch of a side on fresh inputs, and the runs of a timed section."""
import random
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import Tolerance
from kiln_runner.protocol_outcomes import ElementValues, Mismatch, Outcome, WrongAnswer

from . import outcomes
from .device import KEPT, LAST, Case, Runnable, nothing
from .failures import CandidateFailure
from .outcomes import Comparison, Findings, SampleFault, modified_input, out_of_bounds, wrong_answer
from .sampling import Proof, Sample
from .tensors import SEED_BITS, input_set_of, seed_for, tolerance_of

# Rules of a tolerance, by which a side is held against itself where the problem's own check says what is right.
_OF_TOLERANCE = ("element", "norm")
# Elements on either side of a wrong one that are told.
NEAR = 4


def check(
    case: Case, subject: Runnable, reference: Runnable, terms: "Terms", input_set: int = 0, meanwhile: Callable[[], None] = nothing
) -> None:
    """CandidateFailure unless one launch on fresh inputs of that set gives the reference's outputs and touches nothing else.

    The reference runs only after the outputs were copied away, and its own are destroyed before the next launch. `meanwhile`: done while the device
    checks; it runs no code of any side.
    """
    prepare(case, terms.rng, seed_for(terms.rng.getrandbits(SEED_BITS), input_set))
    check_prepared(case, subject, reference, terms, meanwhile)


def prepare(case: Case, rng: random.Random, seed: int) -> None:
    """The case as it is before code of a side runs: new guards, the inputs of `seed`, outputs poisoned."""
    case.arm(rng)
    case.draw(seed)
    case.poison(rng)


def check_prepared(case: Case, subject: Runnable, reference: Runnable, terms: "Terms", meanwhile: Callable[[], None] = nothing) -> None:
    """As `check`, of a case that is prepared."""
    seed = case.seed
    case.execute(subject)
    case.inspect(seed)
    case.snapshot(0, LAST)
    case.expect(reference, seed, (0, LAST))
    case.compare(terms.tolerance, LAST)
    case.ask_findings()
    meanwhile()
    evaluate(case, case.findings(), terms, Stage("check", seed))
    case.wipe([LAST])


class TimedRuns(NamedTuple):
    """What a timed section left behind to be checked. `kept`: seed and replica of the outputs kept, if any were; `last`: of the last look."""

    kept: Optional[tuple[int, int]]
    last: tuple[int, int]
    proofs: list[Proof]

    def proof_of(self, fault: SampleFault) -> Proof:
        return next(p for p in self.proofs if p.replica == fault.replica and any(sample.slot == fault.slot for sample in p.samples))


def look_at_last(case: Case, sampled: Sequence[tuple[int, Sample]], rng: random.Random) -> tuple[int, int]:
    """Right after a section's last run: queues what needs no reference, guards, inputs and a copy of the outputs, so that the device works while
    the times are read. `sampled`: the inputs' seed and the sample of each run. Seed and replica of what is copied."""
    last = (case.seed, rng.randrange(case.batch))
    # What takes the device longest first: the rest is queued meanwhile.
    case.inspect(last[0])
    case.snapshot(last[1], LAST)
    case.announce([sample for _, sample in sampled])
    return last


def queue_timed_checks(case: Case, reference: Runnable, ran: TimedRuns, terms: "Terms") -> None:
    """The whole outputs of the last run and of the kept one, and the samples of all runs on the inputs that were drawn for it. `evaluate_timed`
    then tells. The reference runs once for each."""
    proofs = {(proof.seed, proof.replica): proof for proof in ran.proofs}
    # The last run first: its inputs are still in place. The kept one at the end: what was expected of it stays to be told.
    kept = [(ran.kept, KEPT)] if ran.kept else []
    for at, look in [(ran.last, LAST), *((at, KEPT) for at in list(proofs) if at not in (ran.last, ran.kept)), *kept]:
        case.expect(reference, at[0], (at[1], look))
        if at in (ran.last, ran.kept):
            case.compare(terms.tolerance, look)
        if at in proofs:
            proof = proofs.pop(at)
            case.compare_samples(terms.tolerance, (proof.first, len(proof.samples)), (at[1], look))
    case.ask_findings()


def evaluate_timed(case: Case, reference: Runnable, ran: TimedRuns, terms: "Terms") -> None:
    """Waits for what was queued; CandidateFailure where anything was wrong."""
    findings = case.findings()
    evaluate(case, findings, terms, Stage("timed_run", ran.last[0]))
    faults = [(ran.proof_of(fault), fault) for fault in findings.samples if fault.element is not None]
    if not faults and findings.samples:
        faults = _weighed(case, reference, ran, terms)
    for proof, fault in faults:
        case.expect(reference, proof.seed, (proof.replica, KEPT))
        expected, actual = case.sampled_values(fault, KEPT)
        stage = Stage("timed_run", proof.seed)
        raise CandidateFailure(_wrong(case, stage, fault.mismatch(expected, actual, terms.tolerance), terms))


def _weighed(case: Case, reference: Runnable, ran: TimedRuns, terms: "Terms") -> list[tuple[Proof, SampleFault]]:
    """Where a norm was outside by the last run's norm of the reference: all of them once more, each by its own."""
    faults: list[tuple[Proof, SampleFault]] = []
    for proof in ran.proofs:
        case.expect(reference, proof.seed, (proof.replica, LAST))
        case.weigh(LAST)
        case.announce(proof.samples)
        case.compare_samples(terms.tolerance, (0, len(proof.samples)), (proof.replica, LAST))
        findings = case.findings()
        # What a side returned again may be another answer than before: the norm that it is weighed by must be a right one's.
        _refuse_wholes(case, findings, terms, Stage("timed_run", proof.seed))
        faults += [(proof, fault) for fault in findings.samples]
    return faults


class Stage(NamedTuple):
    """`seed`: of the inputs."""

    name: outcomes.Stage
    seed: int


def evaluate(case: Case, findings: Findings, terms: "Terms", stage: Stage) -> None:
    if findings.damage:
        raise CandidateFailure(out_of_bounds(case.name, findings.damage))
    if findings.modified:
        raise CandidateFailure(modified_input(case.name, findings.modified))
    _refuse_wholes(case, findings, terms, stage)
    for comparison in findings.comparisons:
        if not comparison.passes(terms.tolerance):
            expected, actual = case.values(comparison, comparison.index)
            mismatch = comparison.mismatch(expected, actual, terms.tolerance)
            _tell_around(mismatch, case, comparison, terms.tolerance)
            raise CandidateFailure(_wrong(case, stage, mismatch, terms))


def _refuse_wholes(case: Case, findings: Findings, terms: "Terms", stage: Stage) -> None:
    for whole in findings.wholes:
        raise CandidateFailure(_wrong(case, stage, whole.mismatch, terms))


def _tell_around(mismatch: Mismatch, case: Case, comparison: Comparison, tolerance: Tolerance) -> None:
    """What is beside the wrong element, and the one that is furthest off: what a writer looks for the pattern in."""
    worst, first = comparison.worst, comparison.index
    last = comparison.tensor["elements"] - 1
    near = [n for n in range(max(0, first - NEAR), min(last, first + NEAR) + 1) if n != first]
    mismatch["near"] = [_values(case, comparison, n) for n in near]
    if worst is not None:
        values = _values(case, comparison, worst)
        error = outcomes.error_text(comparison.tensor, values["expected"], values["actual"], tolerance_of(comparison.tensor, tolerance))
        mismatch["largest"] = {"index": worst, "expected": values["expected"], "actual": values["actual"], "error": error}


def _values(case: Case, comparison: Comparison, index: int) -> ElementValues:
    expected, actual = case.values(comparison, index)
    return {"index": index, "expected": expected, "actual": actual}


def _wrong(case: Case, stage: Stage, mismatch: Mismatch, terms: "Terms") -> WrongAnswer:
    if terms.is_verified and mismatch.get("rule") in _OF_TOLERANCE:
        mismatch["rule"] = "repeat"
    return wrong_answer(case.name, stage.name, mismatch, case.hard_names[input_set_of(stage.seed) - 1] if input_set_of(stage.seed) else None)


def advice(outcome: Outcome) -> str:
    """What to do where the problem's own code has this outcome."""
    named = outcome.get("inputs")
    return f"; where a timed shape is too large for these inputs, give the check case {named} `timed: false`" if named else ""


class Terms:
    """What every check of a judgement shares. `is_verified`: the problem's own check says what is right, and a side's outputs are compared with
    those of another call of it."""

    def __init__(self, tolerance: Tolerance, rng: random.Random, *, is_verified: bool = False) -> None:
        self.tolerance, self.rng, self.is_verified = tolerance, rng, is_verified
