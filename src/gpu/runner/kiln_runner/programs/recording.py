"""What one call of a program launched, as data: the recorded plan. It comes out of a hostile process; `Recordings` takes it as such.

A recording names the two windows of addresses that the program saw (the case's inputs; its own arena), what lies in them, and the operations in
the order of the calls. Binaries and stored bytes travel beside it, by their SHA-256. All of it is bounded, and nothing in it is trusted: what it
computes is checked on inputs that it never saw.
"""
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, Optional, Union

from kiln_runner.judge.layout import room
from kiln_runner.programs.cubin import Cubin, CubinRefused, check_cubin
from kiln_runner.programs.recording_document import (
    Document,
    ImageEntry,
    LaunchEntry,
    ModuleEntry,
    OperationEntry,
    SegmentEntry,
    WindowEntry,
)
from kiln_runner.programs.recording_shape import (
    BLOBS_BYTES_MAX,
    INPUTS_BASE,
    MEMORY_BYTES_MAX,
    MODULES_BYTES_MAX,
    PARAMETERS_BYTES_MAX,
    WINDOW_BYTES_MAX,
    WINDOW_UNIT,
    arena_bases,
    bytes_of,
    check_shape,
    decode_text,
)
from kiln_runner.schema import ShapeError

INPUTS, ARENA = "inputs", "arena"


class RecordingRefused(ValueError):
    """`field` is what is wrong ("ops[3].grid"); the message says what belongs there."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class Window(NamedTuple):
    name: str
    base: int
    bytes: int


class Segment(NamedTuple):
    """`role`: in, out, inout (then `tensor`), static (then `image` names what it holds before a run) or workspace (then it may)."""

    name: str
    window: str
    address: int
    bytes: int
    role: str
    tensor: Optional[str]
    image: Optional[str]


class Module(NamedTuple):
    """`origin`: built (by the build stage), library (a file of the environment), in-process (made while the program ran)."""

    hash: str
    origin: str
    library: Optional[str]
    cubin: Cubin


class Launch(NamedTuple):
    module: str
    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    cluster: Optional[tuple[int, int, int]]
    shared: int
    cooperative: bool
    serialization: bool
    parameters: tuple[bytes, ...]


class Fill(NamedTuple):
    at: int
    value: int
    width: int
    number: int


class Copy(NamedTuple):
    source: int
    to: int
    bytes: int


class Upload(NamedTuple):
    to: int
    data: bytes


Operation = Union[Launch, Fill, Copy, Upload]


class Recording(NamedTuple):
    """`key`: of all that is replayed; notes and the origin of modules are not."""

    key: str
    windows: tuple[Window, ...]
    segments: tuple[Segment, ...]
    modules: dict[str, Module]
    operations: tuple[Operation, ...]
    images: dict[str, bytes]
    notes: tuple[str, ...]


class _Checked:
    """What was found in binaries, the oldest forgotten first: those of libraries come again and again, and hold thousands of kernels."""

    def __init__(self, most: int) -> None:
        self._most, self._found, self._lock = most, dict[tuple[str, str], Cubin](), threading.Lock()

    def get(self, key: tuple[str, str], check: Callable[[], Cubin]) -> Cubin:
        with self._lock:
            known = self._found.pop(key, None)
        cubin = known or check()
        with self._lock:
            self._found[key] = cubin
            while len(self._found) > self._most:
                del self._found[next(iter(self._found))]
        return cubin


_checked = _Checked(64)


class Recordings:
    """Reads those of one program, of each case one. What they share, such as a binary, is checked once, and the memory that they ask for is counted
    together. `blobs`: binaries and stored bytes by their SHA-256, as they came. `architecture`: of the device that is to replay them.
    `of_problem`: they are of a problem's own program, whose addresses no other has."""

    def __init__(self, blobs: Mapping[str, bytes], architecture: str, *, of_problem: bool = False) -> None:
        self._blobs, self._architecture, self._bases = blobs, architecture, arena_bases(of_problem=of_problem)
        self._sound: set[str] = set()
        # Address and content of a mapping -> its bytes. And of all that is uploaded from the host.
        self._mapped: dict[tuple[int, str], int] = {}
        self._uploaded = 0

    def parse(self, text: bytes) -> Recording:
        """RecordingRefused names the field that is wrong."""
        try:
            document = decode_text(text)
            check_shape(document)
            recording = self._parse(document)
            self._count(recording)
            return recording
        except ShapeError as error:
            raise RecordingRefused(error.path or "the recording", error.what) from error

    def _parse(self, document: Document) -> Recording:
        windows = _windows(document["windows"], self._bases)
        modules = self._modules(document["modules"])
        images = self._images(document["images"])
        segments = _segments(document["segments"], windows, images)
        operations = tuple(_operation(entry, f"ops[{at}]", windows, modules, images) for at, entry in enumerate(document["ops"]))
        needed = {entry.module for entry in operations if isinstance(entry, Launch)}
        for spare in modules.keys() - needed:
            raise ShapeError(f"module {spare[:12]} is launched by no operation", "modules")
        return Recording(_key(document), windows, segments, modules, operations, images, tuple(_printable(note) for note in document["notes"]))

    def _modules(self, entries: list[ModuleEntry]) -> dict[str, Module]:
        modules: dict[str, Module] = {}
        total = 0
        for at, entry in enumerate(entries):
            image = self._blob(entry["hash"], f"modules[{at}].hash")
            total += len(image)
            if total > MODULES_BYTES_MAX or entry["hash"] in modules:
                raise ShapeError(f"hold a binary twice, or more than {MODULES_BYTES_MAX} bytes", "modules")
            modules[entry["hash"]] = Module(entry["hash"], entry["origin"], entry.get("library"), self._cubin(entry["hash"], image, f"modules[{at}]"))
        return modules

    def _cubin(self, digest: str, image: bytes, field: str) -> Cubin:
        """`digest`: the image's, as was found before."""
        try:
            return _checked.get((digest, self._architecture), lambda: check_cubin(image, self._architecture))
        except CubinRefused as error:
            raise ShapeError(f"is no binary that is loaded: {error}", field) from error

    def _images(self, entries: list[ImageEntry]) -> dict[str, bytes]:
        images: dict[str, bytes] = {}
        for at, entry in enumerate(entries):
            images[entry["hash"]] = self._blob(entry["hash"], f"images[{at}].hash")
        if len(images) != len(entries) or sum(map(len, images.values())) > BLOBS_BYTES_MAX:
            raise ShapeError(f"hold an image twice, or more than {BLOBS_BYTES_MAX} bytes", "images")
        return images

    def _blob(self, wanted: str, field: str) -> bytes:
        data = self._blobs.get(wanted)
        if data is None:
            raise ShapeError("did not come with the recording", field)
        if wanted not in self._sound and hashlib.sha256(data).hexdigest() != wanted:
            raise ShapeError("is not the hash of what came", field)
        self._sound.add(wanted)
        return data

    def _count(self, recording: Recording) -> None:
        """What cases have at one address, they can have from one program that kept it or was given it again."""
        for segment in recording.segments:
            if segment.tensor is None:
                place = (segment.address, segment.image or "" if segment.role == "static" else "")
                self._mapped[place] = max(self._mapped.get(place, 0), room(segment.bytes, WINDOW_UNIT).mapped)
        self._uploaded += sum(room(len(each.data), WINDOW_UNIT).mapped for each in recording.operations if isinstance(each, Upload))
        total = sum(self._mapped.values()) + self._uploaded
        if total > MEMORY_BYTES_MAX:
            words = f"and what is uploaded take {total} bytes of the device with those of the cases before; at most {MEMORY_BYTES_MAX} are given"
            raise ShapeError(words, "segments")


def _windows(entries: list[WindowEntry], arenas: Sequence[int]) -> tuple[Window, ...]:
    windows = tuple(Window(entry["name"], entry["base"], entry["bytes"]) for entry in entries)
    if len({window.name for window in windows}) != len(windows):
        raise ShapeError("name a window twice", "windows")
    for at, window in enumerate(windows):
        if window.base not in ([INPUTS_BASE] if window.name == INPUTS else arenas):
            raise ShapeError("is none of the addresses that windows begin at", f"windows[{at}].base")
        if window.bytes % WINDOW_UNIT or window.bytes > WINDOW_BYTES_MAX:
            raise ShapeError(f"must be a multiple of {WINDOW_UNIT} and at most {WINDOW_BYTES_MAX}", f"windows[{at}].bytes")
    return windows


def _segments(entries: list[SegmentEntry], windows: tuple[Window, ...], images: dict[str, bytes]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    for at, entry in enumerate(entries):
        field = f"segments[{at}]"
        window = next((window for window in windows if window.name == entry["window"]), None)
        if window is None or entry["offset"] + entry["bytes"] > window.bytes:
            raise ShapeError("lies outside of its window", field)
        role, tensor, image = entry["role"], entry.get("tensor"), entry.get("image")
        if (tensor is not None) != (role in ("in", "out", "inout")):
            raise ShapeError("must be there for in, out and inout, and for no other role", f"{field}.tensor")
        if image is not None and (role not in ("static", "workspace") or image not in images or len(images[image]) != entry["bytes"]):
            raise ShapeError("must name an image of the same size, of a static or workspace segment", f"{field}.image")
        if role == "static" and image is None:
            raise ShapeError("must be there for static: what it holds before a run", f"{field}.image")
        segments.append(Segment(entry["name"], window.name, window.base + entry["offset"], entry["bytes"], role, tensor, image))
    for what in ("name", "tensor"):
        named = [getattr(segment, what) for segment in segments if getattr(segment, what) is not None]
        if len(set(named)) != len(named):
            raise ShapeError(f"use a {what} twice", "segments")
    ordered = sorted(segments, key=lambda segment: segment.address)
    for before, behind in zip(ordered, ordered[1:]):
        if before.address + before.bytes > behind.address:
            raise ShapeError(f"{before.name} and {behind.name} overlap", "segments")
    return tuple(segments)


def _operation(
    entry: OperationEntry, field: str, windows: tuple[Window, ...], modules: dict[str, Module], images: dict[str, bytes]
) -> Operation:
    if entry["op"] == "launch":
        return _launch(entry, field, modules)
    if entry["op"] == "set":
        _range(windows, entry["at"], entry["width"] * entry["count"], f"{field}.at")
        if entry["value"] >= 1 << 8 * entry["width"] or entry["at"] % entry["width"]:
            raise ShapeError("must fit the width, at an address that is a multiple of it", f"{field}.value")
        return Fill(entry["at"], entry["value"], entry["width"], entry["count"])
    if entry["op"] == "copy":
        for name, end in (("from", entry["from"]), ("to", entry["to"])):
            _range(windows, end, entry["bytes"], f"{field}.{name}")
        return Copy(entry["from"], entry["to"], entry["bytes"])
    data = images.get(entry["data"])
    if data is None:
        raise ShapeError("names no image", f"{field}.data")
    _range(windows, entry["to"], len(data), f"{field}.to")
    return Upload(entry["to"], data)


def _launch(entry: LaunchEntry, field: str, modules: dict[str, Module]) -> Launch:
    module = modules.get(entry["module"])
    kernel = module.cubin.kernels.get(entry["kernel"]) if module else None
    if kernel is None:
        raise ShapeError("is no kernel of its module", f"{field}.kernel")
    parameters = tuple(bytes_of(value, f"{field}.params[{at}]") for at, value in enumerate(entry["params"]))
    sizes = tuple(len(value) for value in parameters)
    if kernel.parameters is not None and sizes != kernel.parameters:
        raise ShapeError(f"have {list(sizes)[:16]} bytes; the kernel takes {list(kernel.parameters)[:16]}", f"{field}.params")
    most = PARAMETERS_BYTES_MAX if kernel.parameter_bytes is None else kernel.parameter_bytes
    if sum(sizes) > most:
        raise ShapeError(f"have more than the {most} bytes that the kernel takes", f"{field}.params")
    cluster, grid = entry["cluster"], entry["grid"]
    if cluster is not None and any(blocks % many for blocks, many in zip(grid, cluster)):
        raise ShapeError("must divide the grid", f"{field}.cluster")
    return Launch(
        entry["module"], entry["kernel"], _three(grid), _three(entry["block"]), None if cluster is None else _three(cluster), entry["shared"],
        entry["cooperative"], entry["serialization"], parameters,
    )


def _three(dimensions: list[int]) -> tuple[int, int, int]:
    x, y, z = dimensions
    return x, y, z


def _range(windows: tuple[Window, ...], at: int, size: int, field: str) -> None:
    if not any(window.base <= at and at + size <= window.base + window.bytes for window in windows):
        raise ShapeError("lies outside of the windows", field)


def _key(document: Document) -> str:
    replayed = {name: value for name, value in document.items() if name != "notes"}
    replayed["modules"] = sorted(module["hash"] for module in document["modules"])
    replayed["images"] = sorted(image["hash"] for image in document["images"])
    return hashlib.sha256(json.dumps(replayed, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def _printable(note: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in note)
