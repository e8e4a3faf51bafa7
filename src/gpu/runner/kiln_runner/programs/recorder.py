"""Notes what a program launches, in its own process, and writes it as a recording. Nobody trusts what comes out: the judge reads it as hostile.

Modes: watching (modules are noted, calls are not) -> recording (`begin`) -> watching (`end`). A call that a recording cannot hold ends it, with the
reason; what was noted before counts for nothing then.
"""
import base64
import hashlib
import json
from typing import Callable, NamedTuple, Optional

from kiln_runner.programs.cubin import CubinRefused, check_cubin
from kiln_runner.programs.recording_document import Document, ModuleEntry, OperationEntry, SegmentEntry, WindowEntry, WindowName
from kiln_runner.programs.recording_shape import (
    ARENA_BASE,
    BLOBS_BYTES_MAX,
    INPUTS_BASE,
    MODULES_BYTES_MAX,
    NOTES_MAX,
    OPERATIONS_MAX,
    WINDOW_BYTES_MAX,
    WINDOW_UNIT,
    WINDOWS,
)

MODULES_SEEN_MAX = 4096
_NOTE_CHARS = 300


class NotRecordable(Exception):
    """Why this program has to be judged otherwise, in words for people."""


class Range(NamedTuple):
    """Memory of one tensor or allocation. `role` as in a recording."""

    name: str
    address: int
    bytes: int
    role: str
    tensor: Optional[str]


class Call(NamedTuple):
    """`module`: hash of the binary that holds the kernel, where the driver tells; None: found by the kernel's name."""

    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    cluster: Optional[tuple[int, int, int]]
    shared: int
    cooperative: bool
    serialization: bool
    parameters: list[bytes]
    module: Optional[str] = None


class Recorder:
    """`architecture` of the device. Methods named `on_…` are called as the driver is."""

    def __init__(self, architecture: str) -> None:
        self._architecture = architecture
        self._images: dict[str, bytes] = {}
        # Kernel -> hashes of the binaries that have one of that name.
        self._holders: dict[str, list[str]] = {}
        self._uploads: dict[str, bytes] = {}
        self._operations: list[OperationEntry] = []
        self._notes: list[str] = []
        self._is_recording = False
        # Why values must not be read on the host, in any call; empty where they may.
        self.refuses_downloads = ""
        self._refusal: Optional[str] = None
        # Of a value that was read though: it may be kept for all calls that follow.
        self._read: Optional[str] = None

    def begin(self) -> None:
        self._operations, self._uploads, self._notes, self._refusal = [], {}, [], None
        self._is_recording = True

    def end(self) -> None:
        self._is_recording = False

    def on_module(self, image: bytes) -> str:
        """Of every binary that is loaded, also before the recording. Returns its hash."""
        digest = hashlib.sha256(image).hexdigest()
        if digest in self._images or len(self._images) >= MODULES_SEEN_MAX:
            return digest
        try:
            kernels = check_cubin(image, self._architecture).kernels
        except CubinRefused:
            # It may never be launched; a launch of it says what is missing.
            return digest
        self._images[digest] = image
        for kernel in kernels:
            self._holders.setdefault(kernel, []).append(digest)
        return digest

    def on_launch(self, call: Call) -> None:
        if not self._is_recording:
            return
        self._add({
            "op": "launch", "module": self._holder_of(call), "kernel": call.kernel, "grid": list(call.grid),
            "block": list(call.block), "cluster": list(call.cluster) if call.cluster else None, "shared": call.shared,
            "cooperative": call.cooperative, "serialization": call.serialization,
            "params": [base64.b64encode(value).decode() for value in call.parameters],
        })

    def on_set(self, at: int, value: int, width: int, count: int) -> None:
        if self._is_recording and count:
            self._add({"op": "set", "at": at, "value": value & (1 << 8 * width) - 1, "width": width, "count": count})

    def on_copy(self, source: int, to: int, size: int) -> None:
        if self._is_recording and size:
            self._add({"op": "copy", "from": source, "to": to, "bytes": size})

    def on_upload(self, to: int, data: bytes) -> None:
        if not self._is_recording or not data:
            return
        digest = hashlib.sha256(data).hexdigest()
        self._uploads[digest] = data
        self._add({"op": "upload", "to": to, "data": digest})

    def on_download(self, size: int, source: int = INPUTS_BASE) -> None:
        """A value that the host reads may steer it: whether it does, fresh inputs show. `source`: outside of what is recorded, memory of libraries is
        their own affair."""
        if self.refuses_downloads and (self._is_recording or WINDOWS[0] <= source < WINDOWS[1]):
            self._read = self._read or f"it reads {size} bytes on the host, and {self.refuses_downloads}"
        elif self._is_recording:
            self.note(f"reads {size} bytes on the host")

    def on_other(self, what: str) -> None:
        """A call that a recording cannot hold."""
        if self._is_recording and self._refusal is None:
            self._refusal = f"it uses {what}, which cannot be recorded"

    def finish(self, ranges: list[Range], read: Callable[[int, int], bytes]) -> tuple[bytes, dict[str, bytes]]:
        """(text, blobs) of the recording; NotRecordable with the reason. `read(address, size)`: the arena's bytes before the recorded call."""
        if self._read or self._refusal:
            raise NotRecordable(self._read or self._refusal)
        if not self._operations:
            raise NotRecordable("it launches nothing")
        blobs = {digest: self._images[digest] for digest in sorted({op["module"] for op in self._operations if op["op"] == "launch"})}
        if sum(map(len, blobs.values())) > MODULES_BYTES_MAX:
            raise NotRecordable(f"its device binaries have more than {MODULES_BYTES_MAX} bytes")
        modules: list[ModuleEntry] = [{"hash": digest, "origin": "in-process"} for digest in blobs]
        images = dict(self._uploads)
        segments = [self._segment(each, images, read) for each in sorted(ranges, key=lambda each: each.address)]
        if sum(map(len, images.values())) > BLOBS_BYTES_MAX:
            raise NotRecordable(f"its weights and tables have more than {BLOBS_BYTES_MAX} bytes")
        document: Document = {
            "kind": "recorded", "version": 1, "windows": _windows(ranges), "segments": segments, "modules": modules,
            "images": [{"hash": digest} for digest in sorted(images)], "ops": self._operations, "notes": self._notes,
        }
        return json.dumps(document, separators=(",", ":")).encode(), {**blobs, **images}

    def _segment(self, found: Range, images: dict[str, bytes], read: Callable[[int, int], bytes]) -> SegmentEntry:
        window, base = _window_of(found.address)
        segment: SegmentEntry = {"name": found.name, "window": window, "offset": found.address - base, "bytes": found.bytes, "role": found.role}
        if found.tensor is not None:
            segment["tensor"] = found.tensor
        if found.role == "static":
            data = read(found.address, found.bytes)
            segment["image"] = hashlib.sha256(data).hexdigest()
            images[segment["image"]] = data
        return segment

    def _holder_of(self, call: Call) -> str:
        holders = self._holders.get(call.kernel, [])
        if call.module in holders or len(holders) == 1:
            return call.module if call.module in holders else holders[0]
        self.on_other(f"kernel {call.kernel[:80]}, of which {len(holders) or 'no'} device binaries are known")
        return ""

    def _add(self, operation: OperationEntry) -> None:
        if len(self._operations) < OPERATIONS_MAX:
            self._operations.append(operation)
        else:
            self.on_other(f"more than {OPERATIONS_MAX} operations")

    def words(self) -> set[int]:
        """All that may be an address in what was noted since `begin`."""
        found: set[int] = set()
        for operation in self._operations:
            if operation["op"] == "launch":
                for value in map(base64.b64decode, operation["params"]):
                    found.update(int.from_bytes(value[at : at + 8], "little") for at in range(0, len(value) - 7, 4))
            elif operation["op"] == "copy":
                found |= {operation["from"], operation["to"]}
            else:
                found.add(operation["at"] if operation["op"] == "set" else operation["to"])
        return found

    def note(self, words: str) -> None:
        if words not in self._notes and len(self._notes) < NOTES_MAX:
            self._notes.append(words[:_NOTE_CHARS])


def _window_of(address: int) -> tuple[WindowName, int]:
    if address < ARENA_BASE:
        return "inputs", INPUTS_BASE
    return "arena", ARENA_BASE + (address - ARENA_BASE) // WINDOW_BYTES_MAX * WINDOW_BYTES_MAX


def _windows(ranges: list[Range]) -> list[WindowEntry]:
    """As large as what lies in them, in whole units."""
    ends: dict[tuple[WindowName, int], int] = {}
    for found in ranges:
        window = _window_of(found.address)
        ends[window] = max(ends.get(window, 0), found.address + found.bytes - window[1])
    return [{"name": name, "base": base, "bytes": -(-end // WINDOW_UNIT) * WINDOW_UNIT} for (name, base), end in sorted(ends.items(), reverse=True)]
