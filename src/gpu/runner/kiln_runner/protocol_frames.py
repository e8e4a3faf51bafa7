"""Types of the frames between daemon and runner, as in src/domain/protocol.ts (held by the golden fixtures).

messages.py checks what comes; these say what it is.
"""
from typing import Literal, Optional, TypedDict, Union

from kiln_runner.protocol import (
    CompileResult,
    CompileUnit,
    Device,
    InfraFailure,
    Inventory,
    JudgeResult,
    NamedEnvironment,
    Plan,
    Plans,
    ProblemDefinition,
    SentTask,
)
from kiln_runner.protocol_profiles import ProfileResult
from kiln_runner.protocol_programs import RecordUnit
from kiln_runner.protocol_readings import HostReading

# What a daemon says


class _Attach(TypedDict):
    type: Literal["attach"]
    protocol: int
    daemonId: str
    leaseMs: float
    idleExitMs: float


class Attach(_Attach, total=False):
    unconfined: bool
    environments: list[NamedEnvironment]


class DefineProblem(TypedDict):
    type: Literal["problem"]
    definition: ProblemDefinition


class Compile(TypedDict):
    type: Literal["compile"]
    compileId: str
    unit: CompileUnit
    limitMs: float


class Record(TypedDict):
    type: Literal["record"]
    compileId: str
    unit: RecordUnit
    limitMs: float


class KeepPlans(TypedDict):
    type: Literal["plans"]
    key: str
    plans: Plans


class Judge(TypedDict):
    type: Literal["judge"]
    task: SentTask


class Profile(TypedDict):
    type: Literal["profile"]
    profileId: str
    deviceId: str
    problemKey: str
    artifact: str
    case: str
    plan: Plan
    limitMs: float


class Lend(TypedDict):
    type: Literal["lend"]
    lendId: str
    deviceId: str


class GiveBack(TypedDict):
    type: Literal["give_back"]
    lendId: str


class FetchArtifact(TypedDict):
    type: Literal["fetch_artifact"]
    artifact: str


class PutArtifact(TypedDict):
    type: Literal["put_artifact"]
    artifact: str
    sha256: str


class Retract(TypedDict):
    type: Literal["retract"]
    attemptIds: list[str]


class Cancel(TypedDict):
    type: Literal["cancel"]
    attemptId: str


class CancelCompile(TypedDict):
    type: Literal["cancel_compile"]
    compileId: str


class Acknowledge(TypedDict):
    type: Literal["ack"]
    attemptIds: list[str]


class Ping(TypedDict):
    type: Literal["ping"]
    nonce: int


class Refresh(TypedDict):
    type: Literal["refresh"]
    refreshId: str


class Shutdown(TypedDict):
    type: Literal["shutdown"]


ToRunner = Union[
    Attach, DefineProblem, Compile, Record, KeepPlans, Judge, Profile, Lend, GiveBack, FetchArtifact, PutArtifact, Retract, Cancel,
    CancelCompile, Acknowledge, Ping, Refresh, Shutdown,
]

# What a runner says


class _Hello(TypedDict):
    type: Literal["hello"]
    protocol: int
    runnerId: str
    runnerHash: str
    inventory: Inventory
    queued: list[str]
    running: list[str]
    finished: list[str]
    problems: list[str]


class Hello(_Hello, total=False):
    unavailable: Optional[str]


class CompileAnswer(TypedDict):
    type: Literal["compiled"]
    compileId: str
    result: CompileResult


class Started(TypedDict):
    type: Literal["started"]
    attemptId: str
    deviceId: str


class ResultReport(TypedDict):
    type: Literal["result"]
    result: JudgeResult
    started: Optional[str]


class ProfileAnswer(TypedDict):
    type: Literal["profiled"]
    profileId: str
    result: ProfileResult


class Lent(TypedDict):
    type: Literal["lent"]
    lendId: str
    failure: Optional[InfraFailure]


class ArtifactSent(TypedDict):
    type: Literal["artifact"]
    artifact: str
    sha256: Optional[str]
    failure: Optional[InfraFailure]


class ArtifactStored(TypedDict):
    type: Literal["artifact_stored"]
    artifact: str
    failure: Optional[InfraFailure]


class Retracted(TypedDict):
    type: Literal["retracted"]
    attemptIds: list[str]


class Pong(TypedDict):
    type: Literal["pong"]
    nonce: int


class InventoryReport(TypedDict):
    type: Literal["inventory"]
    inventory: Optional[Inventory]
    failure: Optional[str]
    refreshIds: list[str]


class _DeviceUse(TypedDict):
    measuringMs: float
    checkingMs: float
    loadingMs: float
    idleWithWorkMs: float
    idleWithoutWorkMs: float
    faultMs: float
    judged: int


class DeviceUse(_DeviceUse, total=False):
    profilingMs: float


class _Health(TypedDict):
    type: Literal["health"]
    devices: list[Device]
    compileQueued: int
    compileRunning: int
    use: dict[str, DeviceUse]


class Health(_Health, total=False):
    unavailable: Optional[str]
    # What earlier runners called it; no longer sent.
    resting: Optional[str]
    reading: HostReading


class ErrorReport(TypedDict):
    type: Literal["error"]
    code: str
    message: str


FromRunner = Union[
    Hello, CompileAnswer, Started, ResultReport, ProfileAnswer, Lent, ArtifactSent, ArtifactStored, Retracted, Pong, InventoryReport, Health,
    ErrorReport,
]
