"""What files hold, by hash: remembered for each folder, so that only what changed is read again.

A file's hash is the sha256 of its content; of one larger than a chunk, the sha256 of its chunks' digests, one after another.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple, Optional

from kiln_runner.hostwork.shapes import CHUNK_BYTES

ENTRIES_MAX = 500_000
# Clocks of file systems tick so coarsely: a file that changed so lately might change again without showing it.
RACY_NS = 30_000_000


class Content(NamedTuple):
    hash: str
    chunks: list[str]


def content_of(chunks: list[str]) -> Content:
    if not chunks:
        return Content(hashlib.sha256(b"").hexdigest(), [])
    if len(chunks) == 1:
        return Content(chunks[0], chunks)
    return Content(hashlib.sha256(b"".join(map(bytes.fromhex, chunks))).hexdigest(), chunks)


def read_content(descriptor: int) -> Content:
    chunks: list[str] = []
    buffer = bytearray(CHUNK_BYTES)
    view = memoryview(buffer)
    while True:
        count = _fill(descriptor, view)
        if count:
            chunks.append(hashlib.sha256(view[:count]).hexdigest())
        if count < CHUNK_BYTES:
            return content_of(chunks)


def _fill(descriptor: int, view: memoryview) -> int:
    count = 0
    while count < len(view):
        got = os.readv(descriptor, [view[count:]])
        if got == 0:
            break
        count += got
    return count


class Index:
    """`known` answers only where the file is, by its status, the one that was read."""

    def __init__(self, home: Path, root: str) -> None:
        folder = home / "content"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = folder / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:24]}.json"
        # Read when it is first asked: who only writes files never asks.
        self._entries: Optional[dict[str, Any]] = None
        self._new: dict[str, Any] = {}

    def known(self, path: str, status: os.stat_result) -> Optional[Content]:
        if self._entries is None:
            self._entries = self._load()
        entry = self._entries.get(path)
        return content_of(entry[1]) if entry is not None and entry[0] == _signature(status) else None

    def note(self, path: str, status: os.stat_result, content: Content) -> None:
        if time.time_ns() - status.st_ctime_ns > RACY_NS:
            self._new[path] = [_signature(status), content.chunks]

    def save(self) -> None:
        """Together with what others have written meanwhile."""
        if not self._new:
            return
        with open(f"{self._path}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = {**self._load(), **self._new}
            while len(entries) > ENTRIES_MAX:
                del entries[next(iter(entries))]
            part = f"{self._path}.part"
            Path(part).write_text(json.dumps(entries, separators=(",", ":")), encoding="utf-8")
            os.replace(part, self._path)
        self._new = {}

    def _load(self) -> dict[str, Any]:
        # What is damaged or missing costs reading the files once more.
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self._path.read_text(encoding="utf-8"))
        return {}


def _signature(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
