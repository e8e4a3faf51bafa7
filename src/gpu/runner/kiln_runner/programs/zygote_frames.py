"""Frames between a zygote and the runner; programs/zygote.py says when each comes."""
from typing import Any, Literal, Optional, TypedDict, Union

from kiln_runner.frames import HEADER_BYTES_MAX
from kiln_runner.programs.recording_shape import ANSWER_BYTES_MAX

# Of an answer: a frame with what a recorder hands in.
ENDED_BYTES_MAX = HEADER_BYTES_MAX + ANSWER_BYTES_MAX + 8


class _BoundsAsked(TypedDict):
    limit_s: float
    memory_bytes: int


class BoundsAsked(_BoundsAsked, total=False):
    """Fields of sandbox.Bounds."""

    scratch_bytes: int
    processes: int
    log_bytes: int
    answer_bytes: int


class _Run(TypedDict):

    type: Literal["run"]
    id: str
    task: str
    asked: dict[str, Any]
    bounds: BoundsAsked
    level: str
    nodes: list[str]
    artifact: Optional[str]


class Run(_Run, total=False):
    """`task`: of programs/tasks.py, which reads `asked`. `artifact`: folder of what was built; `nodes`: of the one device. `connect`: a socket of
    packets that is the program's first descriptor of its own, connected before the walls are there."""

    connect: str


class Stop(TypedDict):
    type: Literal["stop"]
    id: str


ToZygote = Union[Run, Stop]


class Ready(TypedDict):
    """`imported`: module -> version."""

    type: Literal["ready"]
    imported: dict[str, str]
    warnings: list[str]


class Ended(TypedDict):
    """As supervisor.Ended; the answer is the payload."""

    type: Literal["ended"]
    id: str
    how: str
    why: str
    status: int
    log: str


FromZygote = Union[Ready, Ended]
