"""Types of what frames between daemon and runner hold: the same names as in src/domain/protocol.ts (held by the golden fixtures).

What may be absent stands in the class behind the one with the underscore. The frames themselves: protocol_frames.py.
"""
from typing import Any, Literal, Optional, TypedDict, Union

from kiln_runner.protocol_outcomes import CompileOutcome, Outcome
from kiln_runner.protocol_programs import ProgramUnit, RecordedSide
from kiln_runner.protocol_tensors import Tensor, Tolerance

# A frame's header, or what else came as JSON and has not been looked at.
Json = dict[str, Any]
Language = Literal["cuda", "triton", "c"]
Params = dict[str, Union[int, str]]


class KernelArgument(TypedDict):
    pointer: bool
    dtype: str
    divisibleBy16: bool


class UnitKernel(TypedDict):
    name: str
    args: list[KernelArgument]


class _KernelUnit(TypedDict):
    """The daemon fills in what it may leave out."""

    language: Language
    source: str
    params: Params
    architecture: str
    kernels: list[UnitKernel]
    numWarps: Optional[int]
    numStages: Optional[int]


class KernelUnit(_KernelUnit, total=False):
    # CUDA: options of the compiler by name.
    compile: dict[str, int]


CompileUnit = Union[KernelUnit, ProgramUnit]
SideUnit = Union[KernelUnit, RecordedSide]


class TensorArgument(TypedDict):
    kind: Literal["tensor", "scratch"]
    name: str


class ScalarArgument(TypedDict):
    kind: Literal["scalar"]
    dtype: str
    value: float


Argument = Union[TensorArgument, ScalarArgument]


class _Launch(TypedDict):
    kernel: str
    grid: list[int]
    block: list[int]
    cluster: Optional[list[int]]
    shared: int
    args: list[Argument]


class Launch(_Launch, total=False):
    # Which of the plan's launches it is, where some may be left out.
    index: int
    # All blocks run at once, so that they may wait for each other.
    cooperative: bool


class Symbol(TypedDict):
    """A variable of the code, and what is copied there before every run."""

    name: str
    value: Argument


class _Plan(TypedDict):
    launches: list[Launch]
    scratch: dict[str, int]


class Plan(_Plan, total=False):
    symbols: list[Symbol]


Plans = dict[str, Plan]


class HardInputs(TypedDict):
    name: str
    distributions: dict[str, Json]


class _DefinedCase(TypedDict):
    name: str
    kind: Literal["check", "bench"]
    tensors: list[Tensor]
    reference: Plan
    baseline: Plan


class DefinedCase(_DefinedCase, total=False):
    hard: list[HardInputs]
    # What inputs are derived from: drawn for the problem's own program alone.
    raw: list[Tensor]
    # Of the problem's own check: all of them must hold.
    rules: list[str]


class _ProblemDefinition(TypedDict):
    key: str
    name: str
    tolerance: Tolerance
    cases: list[DefinedCase]
    reference: SideUnit
    baseline: SideUnit


class ProblemDefinition(_ProblemDefinition, total=False):
    # Derives inputs from the raw tensors of a case.
    inputs: RecordedSide
    # Says whether outputs are right.
    verify: RecordedSide


class _TimingRules(TypedDict):
    method: Literal["paired", "cached"]
    warmupRuns: int
    runsMin: int
    runsMax: int
    targetRelativeCi: float
    caseBudgetMs: float
    baselineAgeMsMax: float


class TimingRules(_TimingRules, total=False):
    inputs: Literal["sampled", "fresh"]


class HiddenCase(TypedDict):
    kind: Literal["case"]
    case: DefinedCase
    plan: Plan


class HiddenCaseOfProgram(TypedDict):
    kind: Literal["program"]
    case: DefinedCase


class HiddenRefusal(TypedDict):
    kind: Literal["refused"]
    field: str
    message: str


class Race(TypedDict):
    """What a candidate must be able to reach in all, and what no candidate is expected to stay below in each bench case."""

    speedup: float
    timeNs: float
    leastNs: dict[str, float]


Hidden = Union[HiddenCase, HiddenCaseOfProgram, HiddenRefusal]


class RecordHolder(TypedDict):
    artifact: str
    plans: Plans


class _JudgeTask(TypedDict):
    attemptId: str
    deviceId: str
    problemKey: str
    artifact: str
    timing: TimingRules
    record: Optional[RecordHolder]
    limitMs: float
    waitedMs: float


class SentTask(_JudgeTask, total=False):
    """With `plans`, or with the `plansKey` of a frame before it. A hidden case may also be the frame's payload."""

    plans: Plans
    plansKey: str
    hidden: Hidden
    race: Race


class _TaskWithPlans(_JudgeTask):
    plans: Plans


class JudgeTask(_TaskWithPlans, total=False):
    """Once its plans are filled in. Of a hidden case that came as a payload the judge alone knows."""

    hidden: Hidden
    race: Race


class InfraFailure(TypedDict):
    code: str
    message: str


class KernelResources(TypedDict):
    registers: int
    sharedBytes: int
    spillBytes: int


class _Compiled(TypedDict):
    status: Literal["compiled"]
    artifact: str
    cached: bool
    durationMs: float
    log: str
    compiler: str
    resources: dict[str, KernelResources]


class Compiled(_Compiled, total=False):
    finishesInRecorder: Literal[True]


class NotCompiled(TypedDict):
    status: Literal["failed"]
    outcome: CompileOutcome
    durationMs: float
    compiler: str


class Infra(TypedDict):
    status: Literal["infra"]
    failure: InfraFailure


CompileResult = Union[Compiled, NotCompiled, Infra]


class JudgePhases(TypedDict):
    waitedMs: float
    idleGapMs: float
    loadMs: float
    checkMs: float
    measureMs: float
    lockMs: float
    totalMs: float


class Telemetry(TypedDict):
    deviceId: str
    smClockMhz: Optional[float]
    memoryClockMhz: Optional[float]
    powerW: Optional[float]
    temperatureC: Optional[float]
    throttleReasons: list[str]


class JudgeResult(TypedDict):
    """Exactly one of `outcome` and `infra` is not None."""

    attemptId: str
    deviceId: str
    outcome: Optional[Outcome]
    infra: Optional[InfraFailure]
    phases: JudgePhases
    telemetry: Optional[Telemetry]


class _Device(TypedDict):
    id: str
    kind: Literal["gpu", "cpu"]
    model: str
    architecture: str
    memoryBytes: int
    multiprocessors: int
    l2Bytes: int
    copyBytesPerSecond: Optional[float]
    unavailable: Optional[str]


class Processor(TypedDict):
    """Of the cpu device: vector instructions, and bytes of caches by name ("L1d", "L2")."""

    isa: list[str]
    caches: dict[str, int]


class Device(_Device, total=False):
    hostMemory: Optional[str]
    processor: Processor


class Confinement(TypedDict):
    level: Literal["namespaces", "landlock", "none"]
    why: str


class NamedEnvironment(TypedDict):
    name: str
    python: str


class Sandbox(TypedDict):
    level: str
    boundedBy: str


class Environment(TypedDict):
    """For programs: a Python with PyTorch, and what it has."""

    name: str
    key: str
    python: str
    torch: Optional[str]
    triton: Optional[str]
    cuda: Optional[str]
    packages: dict[str, str]
    sandbox: Sandbox
    recorder: str
    warnings: list[str]


class _Inventory(TypedDict):
    hostname: str
    machineId: str
    cores: int
    memoryBytes: int
    python: str
    driver: Optional[str]
    nvrtc: Optional[str]
    nvcc: Optional[str]
    gcc: Optional[str]
    triton: Optional[str]
    ncu: Optional[str]
    languages: list[str]
    compileSlots: int
    devices: list[Device]
    warnings: list[str]


class Inventory(_Inventory, total=False):
    compilers: dict[str, str]
    confinement: Confinement
    environments: list[Environment]
