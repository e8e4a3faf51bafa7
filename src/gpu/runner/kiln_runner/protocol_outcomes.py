"""Types of what a judgement came to, as in src/domain/outcome.ts and src/domain/measurement.ts (held by the golden fixtures)."""
from typing import Literal, Optional, TypedDict, Union


class Humps(TypedDict):
    lowNs: float
    highNs: float
    lowShare: float


class _TimingStatistics(TypedDict):
    runs: int
    batch: int
    medianNs: float
    trimmedMeanNs: float
    minNs: float
    p95Ns: float
    ciLowNs: float
    ciHighNs: float


class TimingStatistics(_TimingStatistics, total=False):
    p10Ns: float
    humps: Humps


class RecordRatio(TypedDict):
    ratio: float
    ratioLow: float
    ratioHigh: float


class KernelShare(TypedDict):
    """Of the time that the operations of a recording take: this kernel's part."""

    kernel: str
    library: Optional[str]
    share: float


class Answers(TypedDict):
    """Of a program that was timed by its answers; times in ns. `uncertaintyNs`: of each time, to either side. `nullNs`: what was taken off each."""

    semantics: Literal["released", "call"]
    uncertaintyNs: float
    nullNs: float


class _CaseTiming(TypedDict):
    case: str
    candidate: TimingStatistics
    baseline: TimingStatistics
    method: Literal["paired", "cached"]
    speedup: float
    speedupLow: float
    speedupHigh: float


class CaseTiming(_CaseTiming, total=False):
    record: RecordRatio
    inputs: Literal["sampled", "fresh"]
    unsteady: Literal[True]
    recorded: list[KernelShare]
    answers: Answers


class _Mismatch(TypedDict):
    tensor: str
    index: int
    expected: str
    actual: str
    mismatches: int
    elements: int
    relativeL2: str


class ElementValues(TypedDict):
    index: int
    expected: str
    actual: str


class LargestError(ElementValues):
    error: str


class Mismatch(_Mismatch, total=False):
    rule: Literal["element", "norm", "index", "check", "finite", "repeat"]
    error: str
    limit: str
    largest: LargestError
    near: list[ElementValues]


class Needed(TypedDict):
    speedup: float
    timeNs: float


StoppedAfter = Literal["warm-up", "runs", "case"]


class Stopped(TypedDict):
    """Where a candidate could not reach any more what was needed."""

    after: StoppedAfter
    case: str
    speedupMost: float
    timeLeastNs: float
    needed: Needed


class _Passed(TypedDict):
    verdict: Literal["passed"]
    timings: list[CaseTiming]
    checkedCases: int


class Passed(_Passed, total=False):
    stopped: Stopped


class CompileError(TypedDict):
    verdict: Literal["compile_error"]
    log: str


class PlanError(TypedDict):
    verdict: Literal["plan_error"]
    field: str
    message: str


class _WrongAnswer(TypedDict):
    verdict: Literal["wrong_answer"]
    case: str
    stage: Literal["check", "timed_run"]
    mismatch: Mismatch


class WrongAnswer(_WrongAnswer, total=False):
    inputs: str


class ModifiedInput(TypedDict):
    verdict: Literal["modified_input"]
    case: str
    tensor: str


class _OutOfBounds(TypedDict):
    verdict: Literal["out_of_bounds"]
    case: str
    tensor: str
    side: Literal["before", "after"]
    distanceBytes: int


class OutOfBounds(_OutOfBounds, total=False):
    access: Literal["read", "write"]


class _Crashed(TypedDict):
    verdict: Literal["crashed"]
    case: str
    message: str


class Crashed(_Crashed, total=False):
    lostMs: float


class _TimedOut(TypedDict):
    verdict: Literal["timed_out"]
    stage: Literal["compile", "check", "measure"]
    case: str
    limitMs: float


class TimedOut(_TimedOut, total=False):
    lostMs: float


class Contract(TypedDict):
    """Of a program. `case`: at which it showed; empty: as a whole."""

    verdict: Literal["contract"]
    case: str
    message: str


class Cancelled(TypedDict):
    verdict: Literal["cancelled"]


# The last two of programs, when they are recorded.
CompileOutcome = Union[CompileError, TimedOut, Cancelled, Contract, Crashed]
# Those that a host tells. `implausible` and `infra_failed` are the daemon's own words.
Outcome = Union[Passed, CompileError, PlanError, WrongAnswer, ModifiedInput, OutOfBounds, Crashed, TimedOut, Contract, Cancelled]
