"""The result of an attempt that took the device with it: kept until the device is back, so that it tells how long the candidate cost it."""
import asyncio
from typing import Callable, Optional

from kiln_runner.protocol import JudgeResult

# It waits for the device to be back, but not longer than this.
HELD_S = 10.0


class HeldResult:
    """`on_release(result, started)`: once for each that was kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_release: Callable[[JudgeResult, Optional[str]], None]) -> None:
        self._loop = loop
        self._on_release = on_release
        self._result: Optional[JudgeResult] = None
        self._timer: Optional[asyncio.TimerHandle] = None

    @property
    def attempt_id(self) -> Optional[str]:
        return self._result["attemptId"] if self._result is not None else None

    def keep(self, result: JudgeResult) -> None:
        self._result = result
        self._timer = self._loop.call_later(HELD_S, self.release, None)

    def note_loss(self, lost_ms: float) -> None:
        """How long the device was away."""
        outcome = self._result["outcome"] if self._result is not None else None
        if outcome is not None and (outcome["verdict"] == "timed_out" or outcome["verdict"] == "crashed"):
            outcome["lostMs"] = lost_ms

    def release(self, started: Optional[str]) -> None:
        """`started`: the attempt that began in the same moment."""
        result, self._result = self._result, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if result is not None:
            self._on_release(result, started)
