"""A device that no judge serves: since when, what that costs, and the result of the attempt that took the device with it. It is kept until the
device is back, so that it tells how long the candidate cost it."""
import asyncio
import time
from typing import Callable, Optional

from kiln_runner.devices.task import NS_PER_MS
from kiln_runner.devices.use_totals import UseTotals
from kiln_runner.protocol import JudgeResult

# The result waits for the device to be back, but not longer than this.
HELD_S = 10.0


class Losses:
    """`on_release(result, started)`: once for each result that was kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop, totals: UseTotals, on_release: Callable[[JudgeResult, Optional[str]], None]) -> None:
        self._loop, self._totals = loop, totals
        self._on_release = on_release
        self._since_ns: Optional[int] = None
        self._result: Optional[JudgeResult] = None
        self._timer: Optional[asyncio.TimerHandle] = None

    @property
    def held_id(self) -> Optional[str]:
        """The attempt whose result is kept."""
        return self._result["attemptId"] if self._result is not None else None

    def begin(self, now_ns: int, result: Optional[JudgeResult] = None) -> None:
        """`result`: of the attempt that took the device with it."""
        self._since_ns = now_ns
        self._totals.busy(now_ns)
        if result is not None:
            self._result = result
            self._timer = self._loop.call_later(HELD_S, self.release, None)

    def end(self) -> bool:
        """The device is back. False: it was not lost."""
        since_ns, self._since_ns = self._since_ns, None
        if since_ns is None:
            return False
        now_ns = time.monotonic_ns()
        lost_ms = (now_ns - since_ns) / NS_PER_MS
        self._totals.lost(lost_ms)
        self._totals.free(now_ns)
        outcome = self._result["outcome"] if self._result is not None else None
        if outcome is not None and (outcome["verdict"] == "timed_out" or outcome["verdict"] == "crashed"):
            outcome["lostMs"] = lost_ms
        return True

    def release(self, started: Optional[str]) -> None:
        """`started`: the attempt that began in the same moment."""
        result, self._result = self._result, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if result is not None:
            self._on_release(result, started)
