"""The lock of one device, shared by every judge of this host: many may check, one alone may time."""
import fcntl
import os
import time
from contextlib import contextmanager
from typing import Iterator

from .stopwatch import Stopwatch

MODE = 0o666


class DeviceLock:
    def __init__(self, path: str) -> None:
        try:
            # It is there, as a rule, and may be another user's: where everybody may write (/tmp), kernels refuse to open such a file with
            # O_CREAT (fs.protected_regular).
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            self._fd = _create(path)

    @contextmanager
    def shared(self, watch: Stopwatch) -> Iterator[None]:
        with self._held(fcntl.LOCK_SH, watch):
            yield

    @contextmanager
    def exclusive(self, watch: Stopwatch) -> Iterator[None]:
        with self._held(fcntl.LOCK_EX, watch):
            yield

    @contextmanager
    def _held(self, how: int, watch: Stopwatch) -> Iterator[None]:
        start = time.monotonic_ns()
        fcntl.flock(self._fd, how)
        watch.add("lockMs", time.monotonic_ns() - start)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)


def _create(path: str) -> int:
    # Another user's runner must be able to take it too, whatever this process's umask is.
    mask = os.umask(0)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    finally:
        os.umask(mask)
