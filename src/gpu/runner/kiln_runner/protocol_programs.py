"""Types of programs in frames: what is built, and what is recorded, as in src/domain/program-unit.ts (held by the golden fixtures)."""
from typing import Any, Literal, TypedDict


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


class RecordedCase(TypedDict):
    """A case as a program gets it: its tensors in the order of the problem."""

    name: str
    tensors: list[RecordedTensor]


class RecordUnit(ProgramUnit):
    """`built`: the artifact of its build stage."""

    built: str
    deviceModel: str
    cases: list[RecordedCase]
