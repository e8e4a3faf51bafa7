"""Types of the frames between the runner and the judges that it starts; judge/service.py says when each comes.

A judge parses none of them for a second time: the runner wrote them, and reads what its own judges say.
"""
from collections.abc import Mapping
from typing import Literal, Optional, TypedDict, Union

from kiln_runner.protocol import Device, InfraFailure, JudgeTask, ProblemDefinition, Telemetry
from kiln_runner.protocol_outcomes import Outcome, TimingStatistics
from kiln_runner.protocol_programs import ModelCall, ProgramEntry, ProgramFile, RecordedCase

# What a judge is told and says of programs that answer


class _AnsweringProgram(TypedDict):
    files: list[ProgramFile]
    entry: ProgramEntry
    architecture: str
    cases: list[RecordedCase]


class AnsweringProgram(_AnsweringProgram, total=False):
    """What its process is asked for (programs/answer_task.py)."""

    model: ModelCall


# What a judge is told


class _DefineProblem(TypedDict):
    type: Literal["problem"]
    definition: ProblemDefinition
    referenceArtifact: str
    baselineArtifact: str


class DefineProblem(_DefineProblem, total=False):
    """`inputsArtifact`: where the definition has a program that derives inputs. `verifyArtifact`: where it has a check of its own."""

    inputsArtifact: str
    verifyArtifact: str


class MeasuredBaseline(TypedDict):
    """`measuredAtNs`: CLOCK_MONOTONIC, the same in every process of the host."""

    case: str
    batch: int
    statistics: TimingStatistics
    measuredAtNs: int


class News(TypedDict):
    trusted: list[str]
    baselines: list[MeasuredBaseline]


class Known(News):
    type: Literal["known"]
    problemKey: str


class UpcomingCode(TypedDict):
    artifact: str
    kernels: list[str]


class Upcoming(TypedDict):
    """`attemptId` None: what was announced does not come."""

    type: Literal["upcoming"]
    attemptId: Optional[str]
    programs: Mapping[str, UpcomingCode]


class Judge(TypedDict):
    type: Literal["judge"]
    task: JudgeTask


class AskCanary(TypedDict):
    type: Literal["canary"]
    recheck: bool


class CompanionEnded(TypedDict):
    """`how` and `why` as supervisor.Ended has them; `log`: what it printed."""

    type: Literal["companion_ended"]
    id: str
    how: str
    why: str
    log: str


class Exit(TypedDict):
    type: Literal["exit"]


ToJudge = Union[DefineProblem, Known, Upcoming, Judge, AskCanary, CompanionEnded, Exit]

# What it says


class Ready(TypedDict):
    type: Literal["ready"]
    device: Device


class Phase(TypedDict):
    type: Literal["phase"]
    attemptId: str
    phase: str
    case: str


class _Waiting(TypedDict):
    type: Literal["waiting"]
    attemptId: str
    begins: bool


class Waiting(_Waiting, total=False):
    """A wait for the device's lock, or for a companion to be ready, begins or is over."""

    companion: bool


class StartCompanion(TypedDict):
    """A process in which a program answers is to connect to `socket`, where the judge listens. `artifact`: its program and what was built of it;
    None: the judge's own program, which is `program` alone. `environmentKey`: of the Python that it is for."""

    type: Literal["companion"]
    id: str
    artifact: Optional[str]
    environment: str
    environmentKey: str
    program: AnsweringProgram
    socket: str
    limitS: float


class EndCompanion(TypedDict):
    type: Literal["end_companion"]
    id: str


class JudgedPhases(TypedDict):
    """Of the protocol's JudgePhases what a judge knows."""

    loadMs: float
    checkMs: float
    measureMs: float
    lockMs: float
    totalMs: float


class _Judged(TypedDict):
    type: Literal["result"]
    attemptId: str
    outcome: Optional[Outcome]
    infra: Optional[InfraFailure]
    telemetry: Optional[Telemetry]
    contextLost: bool


class Judged(_Judged, total=False):
    """`phases`: there when it is sent. `retires`: why this judge serves nobody else."""

    phases: JudgedPhases
    retires: str


class Learned(News):
    type: Literal["learned"]
    problemKey: str


class CanaryAnswer(TypedDict):
    type: Literal["canary"]
    ok: bool
    message: str
    ms: float
    unavailable: Optional[str]


FromJudge = Union[Ready, Phase, Waiting, Judged, Learned, CanaryAnswer, StartCompanion, EndCompanion]
