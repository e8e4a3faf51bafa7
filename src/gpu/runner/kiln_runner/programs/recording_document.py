"""Types of a recording's text, once its shape was checked (recording_shape.py): what a recorder writes and `Recordings` reads."""
from typing import Literal, Optional, TypedDict, Union

WindowName = Literal["inputs", "arena"]


class WindowEntry(TypedDict):
    name: WindowName
    base: int
    bytes: int


class _SegmentEntry(TypedDict):
    name: str
    window: WindowName
    offset: int
    bytes: int
    role: str


class SegmentEntry(_SegmentEntry, total=False):
    tensor: str
    image: str


class _ModuleEntry(TypedDict):
    hash: str
    origin: str


class ModuleEntry(_ModuleEntry, total=False):
    library: str


class ImageEntry(TypedDict):
    hash: str


class LaunchEntry(TypedDict):
    op: Literal["launch"]
    module: str
    kernel: str
    grid: list[int]
    block: list[int]
    cluster: Optional[list[int]]
    shared: int
    cooperative: bool
    serialization: bool
    params: list[str]


class SetEntry(TypedDict):
    op: Literal["set"]
    at: int
    value: int
    width: int
    count: int


# `from` is a word of Python's.
CopyEntry = TypedDict("CopyEntry", {"op": Literal["copy"], "from": int, "to": int, "bytes": int})


class UploadEntry(TypedDict):
    op: Literal["upload"]
    to: int
    data: str


OperationEntry = Union[LaunchEntry, SetEntry, CopyEntry, UploadEntry]


class Document(TypedDict):
    kind: Literal["recorded"]
    version: int
    windows: list[WindowEntry]
    segments: list[SegmentEntry]
    modules: list[ModuleEntry]
    images: list[ImageEntry]
    ops: list[OperationEntry]
    notes: list[str]
