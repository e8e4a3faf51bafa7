"""Types of programs in frames: what is built, and what is recorded, as in src/domain/program-unit.ts (held by the golden fixtures)."""
from typing import Any, Literal, Optional, TypedDict, Union

# Of a program: every check case and every timed case of a problem, and the hidden ones.
RECORDED_CASES_MAX = 72


class ProgramFile(TypedDict):
    path: str
    content: str


class ProgramEntry(TypedDict):
    file: str
    symbol: str
    style: str


class ProgramUnit(TypedDict):
    """`environment`: its name; which Python that is, the host knows."""

    language: Literal["python"]
    architecture: str
    files: list[ProgramFile]
    entry: ProgramEntry
    environment: str


class ProgramBuild(ProgramUnit, total=False):
    """`kernels` (programs/record_frames.py, Wanted): only the runner asks for them, of what it found when it recorded the program."""

    kernels: list[Any]


class RecordedTensor(TypedDict):
    name: str
    dtype: str
    shape: list[int]
    role: Literal["in", "out", "inout"]
    # By its kind; judge/tensors.py knows them.
    distribution: dict[str, Any]


class Number(TypedDict):
    """As Python has it."""

    kind: Literal["int", "float"]
    value: float


class HandedTensor(TypedDict):
    kind: Literal["tensor"]
    name: str


class HandedConstant(TypedDict):
    kind: Literal["constant"]
    value: Optional[bool]


class HandedTuple(TypedDict):
    """Of HandedData."""

    kind: Literal["tuple"]
    items: list[Any]


class HandedDict(TypedDict):
    """Of HandedData."""

    kind: Literal["dict"]
    entries: dict[str, Any]


HandedData = Union[Number, HandedTensor, HandedConstant, HandedTuple, HandedDict]


class _RecordedCase(TypedDict):
    name: str
    tensors: list[RecordedTensor]


class RecordedCase(_RecordedCase, total=False):
    """A case as a program gets it: its tensors in the order of the problem. `data`: of the style `custom_kernel`, what it is handed instead of a
    tuple of inputs and outputs. `values`: of functions, what those are handed whose signature names it."""

    data: HandedData
    values: dict[str, Number]


class ModelArguments(TypedDict):
    positional: list[Any]
    keywords: dict[str, Any]


class ModelCall(TypedDict):
    """How a model is made: seeded, then its constructor is called."""

    init: ModelArguments
    seed: int


class _RecordUnit(ProgramUnit):
    built: str
    deviceModel: str
    cases: list[RecordedCase]


class RecordUnit(_RecordUnit, total=False):
    """`built`: the artifact of its build stage. `by`: nothing is recorded; the judge has it called, and its answers are timed. `again`: it
    is recorded at other addresses than without, or with another number."""

    model: ModelCall
    by: Literal["answers"]
    again: int


# `inputs`: derives some of them. `verify`: the problem's own check.
OwnSide = Literal["reference", "baseline", "inputs", "verify"]


class OwnRecordUnit(RecordUnit, total=False):
    """`side`: of a problem's own program, which only the runner asks itself to record, at addresses that no candidate has."""

    side: OwnSide


class _RecordedSide(ProgramUnit):
    side: OwnSide
    cases: list[RecordedCase]


class RecordedSide(_RecordedSide, total=False):
    """A problem's own program."""

    model: ModelCall
