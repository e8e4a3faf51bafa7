"""A limit on the time that a child process really had.

Not counted: while it is paused (the child waits for something that is not its task's), while the child or what it started is stopped,
while they wait for a processor, and while this runner itself did not run (a stopped runner, a frozen container, a paused machine).

Modes: running <-> paused; over (`on_over` was called, once) or cancelled. Invariant: `on_over(None)` is called only when the child had all of its
time; `on_over(reason)` when it did not get it in good time, which is nobody's fault but the host's.
"""
import asyncio
from typing import Callable, Optional

from kiln_runner.given_time import GivenTime

LOOK_S, LOOK_S_LEAST = 0.25, 0.001
# So late a timer is when the runner did not run: a busy loop is late by milliseconds.
ASLEEP_S = 1.0
STOPPED_S_MAX = 5.0
# A child that gets less than this share of the time it could use is given up.
GIVEN_SHARE_LEAST = 0.2
# Processors that the child and what it started want at a time, where they work one after another: a compiler's passes, a judge and its child.
WANTED_MAX = 1.5


class FairTime:
    """Adds up the time that a process and what it started had; nothing here waits or sets a timer."""

    def __init__(self, pid: int, limit_s: float) -> None:
        self._pid, self._limit_s = pid, limit_s
        self._given: Optional[GivenTime] = None
        self.had_s = self._elapsed_s = self._stopped_s = 0.0
        self._stopped: Optional[str] = None

    def count(self, passed_s: float) -> None:
        """`passed_s` since it was called last, or less where the caller itself did not run."""
        if self._given is None:
            self._given = GivenTime(self._pid)
        look = self._given.look()
        self._elapsed_s += passed_s
        self._stopped = look.stopped
        if look.stopped:
            self._stopped_s += passed_s
        else:
            self._stopped_s = 0.0
            # One that wants several processors at a time fights with itself: that is its own time.
            is_many = look.waited_s + look.used_s > passed_s * WANTED_MAX
            self.had_s += passed_s if is_many else max(0.0, passed_s - look.waited_s)

    @property
    def is_over(self) -> bool:
        return self.had_s >= self._limit_s

    def why_not_given(self) -> Optional[str]:
        """Why it does not get its time in good time, or None."""
        if self._stopped_s >= min(STOPPED_S_MAX, self._limit_s):
            return f"{self._stopped}, and was for {self._stopped_s:.1f} s"
        if self._elapsed_s * GIVEN_SHARE_LEAST > self._limit_s:
            return f"this host is overloaded: of {self._elapsed_s:.0f} s it got a processor for {self.had_s:.0f} s"
        return None


class TimeLimit:
    def __init__(self, loop: asyncio.AbstractEventLoop, pid: int, limit_s: float, on_over: Callable[[Optional[str]], None]) -> None:
        self._loop, self._limit_s, self._on_over = loop, limit_s, on_over
        self._time = FairTime(pid, limit_s)
        self._looked_at = 0.0
        self._timer: Optional[asyncio.TimerHandle] = None
        self.resume()

    def pause(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._time.count(min(self._loop.time() - self._looked_at, LOOK_S))

    def resume(self) -> None:
        if self._timer is None:
            self._arm()

    def had_s(self) -> float:
        """So far."""
        if self._timer is not None:
            self.pause()
            self.resume()
        return self._time.had_s

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._looked_at = self._loop.time()
        self._timer = self._loop.call_later(min(LOOK_S, max(LOOK_S_LEAST, self._limit_s - self._time.had_s)), self._look)

    def _look(self) -> None:
        self._timer = None
        passed_s = self._loop.time() - self._looked_at
        self._time.count(passed_s if passed_s < LOOK_S + ASLEEP_S else 0.0)
        if self._time.is_over:
            self._on_over(None)
            return
        why = self._time.why_not_given()
        if why is None:
            self._arm()
        else:
            self._on_over(why)
