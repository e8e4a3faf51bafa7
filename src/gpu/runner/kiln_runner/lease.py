"""The daemon's lease: how long the runner works for a daemon it has not heard from, and how long it stays at all.

Modes: unattached (since the start; ends the runner after START_IDLE_S) -> attached (every frame renews) -> expired (work dropped;
ends the runner after idleExitMs) -> attached again with the next `attach`.
"""
import asyncio
from typing import Callable, Optional

START_IDLE_S = 600.0


class Lease:
    def __init__(self, loop: asyncio.AbstractEventLoop, on_expired: Callable[[], None], on_idle: Callable[[], None]) -> None:
        self._loop = loop
        self._on_expired = on_expired
        self._on_idle = on_idle
        self._lease_s = self._idle_s = 0.0
        self._deadline = 0.0
        self.attached = False
        self._timer: Optional[asyncio.TimerHandle] = loop.call_later(START_IDLE_S, on_idle)

    def attach(self, lease_ms: float, idle_exit_ms: float) -> None:
        self._lease_s, self._idle_s = lease_ms / 1000, idle_exit_ms / 1000
        self.attached = True
        self.renew()
        self._arm()

    def renew(self) -> None:
        """Cheap, since every frame does it: the timer looks at the deadline when it fires."""
        self._deadline = self._loop.time() + self._lease_s

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.stop()
        self._timer = self._loop.call_at(self._deadline, self._fired)

    def _fired(self) -> None:
        if self._loop.time() < self._deadline:
            self._arm()
            return
        self.attached = False
        self._timer = self._loop.call_later(self._idle_s, self._on_idle)
        self._on_expired()
