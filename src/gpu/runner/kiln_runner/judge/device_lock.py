"""The lock of one device, shared by every judge of this host: many may check, one alone may time.

Whoever can open the file can hold its lock for as long as they like, so no wait is without an end: InfraFailure `device_locked` then says
who holds it. A call that waits in the kernel cannot be ended; it is a thread's, on a descriptor of its own.
"""
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

from ..host.device_locks import how_to_keep
from .failures import InfraFailure
from .lock_holder import holder_of
from .stopwatch import Stopwatch

MODE = 0o666
# Longer than anybody of ours holds it: a whole timed section, or a profile.
WAIT_S_MAX = 90.0
LOCKED = "device_locked"


class DeviceLock:
    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = open_lock(path)
        # Of calls that waited too long, and still wait: the next one of their kind goes on with them.
        self._waiters: dict[int, _Waiter] = {}

    @contextmanager
    def shared(self, watch: Stopwatch, wait_s: float = WAIT_S_MAX) -> Iterator[None]:
        with self._held(fcntl.LOCK_SH, watch, wait_s):
            yield

    @contextmanager
    def exclusive(self, watch: Stopwatch, wait_s: float = WAIT_S_MAX) -> Iterator[None]:
        with self._held(fcntl.LOCK_EX, watch, wait_s):
            yield

    @contextmanager
    def _held(self, how: int, watch: Stopwatch, wait_s: float) -> Iterator[None]:
        if not _try(self._fd, how):
            with watch.lock_wait():
                self._wait(how, wait_s)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def _wait(self, how: int, wait_s: float) -> None:
        waiter = self._waiters.pop(how, None) or _Waiter(self._path, how)
        if waiter.wait(wait_s):
            os.close(self._fd)
            self._fd = waiter.descriptor
            return
        self._waiters[how] = waiter
        holder, advice = holder_of(self._fd, os.getpid()), how_to_keep(self._path)
        raise InfraFailure(LOCKED, f"the device's lock {self._path} is held by {holder}, and was not let go for {wait_s:g} s{advice}")


class _Waiter:
    """wanted (somebody is in `wait`) -> taken (theirs now), or left alone (it lets the lock go as soon as it has it) -> wanted again."""

    def __init__(self, path: str, how: int) -> None:
        self._path, self._how = path, how
        self._change = threading.Condition()
        self._is_wanted, self._is_taken = False, False
        self._thread: Optional[threading.Thread] = None
        self.descriptor = -1

    def wait(self, seconds: float) -> bool:
        """True when `descriptor` holds the lock."""
        with self._change:
            self._is_wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, args=(open_lock(self._path),), daemon=True)
                self._thread.start()
            self._change.wait_for(lambda: self._is_taken, seconds)
            self._is_wanted = False
            return self._is_taken

    def _run(self, descriptor: int) -> None:
        fcntl.flock(descriptor, self._how)
        with self._change:
            if self._is_wanted:
                self.descriptor, self._is_taken = descriptor, True
                self._change.notify()
            else:
                os.close(descriptor)
                self._thread = None


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock(path: str) -> int:
    try:
        # It is there, as a rule, and may be another user's: where everybody may write (/tmp), kernels refuse to open such a file with
        # O_CREAT (fs.protected_regular).
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return _create(path)


def _create(path: str) -> int:
    # Another user's runner must be able to take it too, whatever this process's umask is.
    mask = os.umask(0)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
    finally:
        os.umask(mask)
