"""The limits of the task that runs: until its judge begins, then its own, and how long the judge may wait for the device's lock, or for a companion.

States: none -> set -> (waiting -> set)* -> none.
"""
import asyncio
from typing import Callable, Optional

from kiln_runner.judge.companions import START_S_MAX
from kiln_runner.judge.device_lock import WAIT_S_MAX
from kiln_runner.time_limit import TimeLimit

# The judge itself tells of a lock that it waited for too long, unless it cannot.
LOCK_GRACE_S = 10.0
# One after another: the judge's own program's, the candidate's and the record holder's.
COMPANIONS_MAX = 3
COMPANION_S_MAX = COMPANIONS_MAX * START_S_MAX + LOCK_GRACE_S


class TaskLimits:
    def __init__(self, loop: asyncio.AbstractEventLoop, on_wait_over: Callable[[bool], None]) -> None:
        self._loop = loop
        self._on_wait_over = on_wait_over
        self._limit: Optional[TimeLimit] = None
        self._wait_timer: Optional[asyncio.TimerHandle] = None

    def set(self, pid: int, seconds: float, on_over: Callable[[Optional[str]], None]) -> None:
        """In place of the limit before. `on_over(why)` as of TimeLimit."""
        self.cancel()
        self._limit = TimeLimit(self._loop, pid, seconds, on_over)

    def on_wait(self, *, begins: bool, companion: bool) -> None:
        """Its time is not the task's."""
        self._cancel_wait_timer()
        if self._limit is None:
            return
        if begins:
            self._limit.pause()
            self._wait_timer = self._loop.call_later(COMPANION_S_MAX if companion else WAIT_S_MAX + LOCK_GRACE_S, self._on_wait_over, companion)
        else:
            self._limit.resume()

    def cancel(self) -> None:
        self._cancel_wait_timer()
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _cancel_wait_timer(self) -> None:
        if self._wait_timer is not None:
            self._wait_timer.cancel()
            self._wait_timer = None
