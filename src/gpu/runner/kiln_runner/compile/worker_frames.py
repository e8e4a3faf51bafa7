"""Frames between the compile pool and its workers."""
from typing import Literal, TypedDict, Union

from kiln_runner.compile.tools import Tools
from kiln_runner.protocol import CompileUnit


class CompileJob(TypedDict):
    type: Literal["compile"]
    artifact: str
    unit: CompileUnit
    compiler: str
    # Folders: of the artifact cache, and the worker's own.
    artifacts: str
    work: str
    limitMs: float
    # Whether it may compile without walls.
    unconfined: bool


class ToolsFrame(Tools):
    type: Literal["tools"]


class Made(TypedDict):
    status: Literal["compiled"]


class Failed(TypedDict):
    status: Literal["failed"]
    log: str


class OutOfTime(TypedDict):
    status: Literal["timed_out"]


class Unable(TypedDict):
    status: Literal["infra"]
    code: str
    message: str


WorkerAnswer = Union[Made, Failed, OutOfTime, Unable]
