"""The limits of the task that runs: until its judge begins, then its own, and how long the judge may wait for the device's lock.

States: none -> set -> (waiting for the lock -> set)* -> none.
"""
import asyncio
from typing import Callable, Optional

from kiln_runner.judge.device_lock import WAIT_S_MAX
from kiln_runner.time_limit import TimeLimit

# The judge itself tells of a lock that it waited for too long, unless it cannot.
LOCK_GRACE_S = 10.0


class TaskLimits:
    def __init__(self, loop: asyncio.AbstractEventLoop, on_lock_over: Callable[[], None]) -> None:
        self._loop = loop
        self._on_lock_over = on_lock_over
        self._limit: Optional[TimeLimit] = None
        self._lock_timer: Optional[asyncio.TimerHandle] = None

    def set(self, pid: int, seconds: float, on_over: Callable[[Optional[str]], None]) -> None:
        """In place of the limit before. `on_over(why)` as of TimeLimit."""
        self.cancel()
        self._limit = TimeLimit(self._loop, pid, seconds, on_over)

    def on_lock_wait(self, *, begins: bool) -> None:
        """Its time is not the task's."""
        self._cancel_lock_timer()
        if self._limit is None:
            return
        if begins:
            self._limit.pause()
            self._lock_timer = self._loop.call_later(WAIT_S_MAX + LOCK_GRACE_S, self._on_lock_over)
        else:
            self._limit.resume()

    def cancel(self) -> None:
        self._cancel_lock_timer()
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _cancel_lock_timer(self) -> None:
        if self._lock_timer is not None:
            self._lock_timer.cancel()
            self._lock_timer = None
