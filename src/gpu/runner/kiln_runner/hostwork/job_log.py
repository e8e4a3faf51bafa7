"""The log of a job: records of what it wrote, with the stream and the time, in segments of which the oldest are dropped.

A record is: u8 stream (1 stdout, 2 stderr), f64 seconds since the epoch, u32 bytes, the bytes. A segment's name is the log's length before it.
"""
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple, Optional

SEGMENT_BYTES = 8 << 20
SEGMENTS_MAX = 4
_HEAD = struct.Struct(">BdI")


class Record(NamedTuple):
    stream: str
    at: float
    data: bytes


class LogWriter:
    """What finds no room on the disk is dropped: it must not cost the job its life. What comes behind it begins a segment, so that readers see
    the gap."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = self._length = 0
        # -1: none is open.
        self._descriptor = -1

    def write(self, stream: int, at: float, data: bytes) -> None:
        record = _HEAD.pack(stream, at, len(data)) + data
        try:
            self._append(record)
        except OSError:
            self._leave_segment()
        self._length += len(record)

    def _append(self, record: bytes) -> None:
        if self._written >= SEGMENT_BYTES:
            self._close()
        if self._descriptor < 0:
            self._descriptor = self._open()
            self._written = 0
            for path in _segments(self._folder)[:-SEGMENTS_MAX]:
                path.unlink(missing_ok=True)
        left = memoryview(record)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._written += len(record)

    def _leave_segment(self) -> None:
        """Without the record that did not fit."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, self._written)
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> int:
        return os.open(self._folder / f"log-{self._length:020d}", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


class LogReader:
    """`read` gives what is new since the last call. `dropped`: bytes that were gone before they were read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at = 0
        self.dropped = 0

    def read(self) -> Iterator[Record]:
        for path in _segments(self._folder):
            start = int(path.name.partition("-")[2])
            if start > self._at:
                self.dropped += start - self._at
                self._at = start
            yield from self._segment(path, start)

    def _segment(self, path: Path, start: int) -> Iterator[Record]:
        try:
            file = open(path, "rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._at - start)
            while True:
                record = _read(file.read(_HEAD.size), file.read)
                if record is None:
                    return
                self._at += _HEAD.size + len(record.data)
                yield record


def _read(head: bytes, read: Callable[[int], bytes]) -> Optional[Record]:
    """None at the end, also within a record that is being written."""
    if len(head) < _HEAD.size:
        return None
    stream, at, count = _HEAD.unpack(head)
    data = read(count)
    return Record("stdout" if stream == 1 else "stderr", at, data) if len(data) == count else None


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("log-*"))
