"""The daemon's lease: how long the runner works for a daemon it has not heard from, and how long it stays at all.

Modes: unattached (since the start; ends the runner after START_IDLE_S) -> attached (every frame renews) -> expired (work dropped;
ends the runner after idleExitMs) -> attached again with the next `attach`.
Time in which the runner itself did not run (stopped, frozen, a paused machine) counts for none of them: nobody could be heard then.
"""
import asyncio
from typing import Callable, Optional

START_IDLE_S = 600.0
BEAT_S = 1.0
# So late a beat is when the runner did not run.
ASLEEP_S = 1.0


class Lease:
    def __init__(self, loop: asyncio.AbstractEventLoop, on_expired: Callable[[], None], on_idle: Callable[[], None]) -> None:
        self._loop = loop
        self._on_expired = on_expired
        self._on_idle = on_idle
        self._lease_s = self._idle_s = 0.0
        self.attached = False
        self._timer: Optional[asyncio.TimerHandle] = None
        self._end_at(START_IDLE_S, on_idle)

    def attach(self, lease_ms: float, idle_exit_ms: float) -> None:
        self._lease_s, self._idle_s = lease_ms / 1000, idle_exit_ms / 1000
        self.attached = True
        self._end_at(self._lease_s, self._expire)

    def renew(self) -> None:
        """Cheap, since every frame does it: the beat looks at the deadline."""
        self._deadline = self._loop.time() + self._lease_s

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_at(self, seconds: float, then: Callable[[], None]) -> None:
        self.stop()
        self._deadline, self._then = self._loop.time() + seconds, then
        self._arm()

    def _arm(self) -> None:
        self._next_beat = min(self._deadline, self._loop.time() + BEAT_S)
        self._timer = self._loop.call_at(self._next_beat, self._beat)

    def _beat(self) -> None:
        late = self._loop.time() - self._next_beat
        if late > ASLEEP_S:
            self._deadline += late
        if self._loop.time() < self._deadline:
            self._arm()
        else:
            self._timer = None
            self._then()

    def _expire(self) -> None:
        self.attached = False
        self._end_at(self._idle_s, self._on_idle)
        self._on_expired()
