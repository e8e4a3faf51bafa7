"""What the runner tells unasked: its queues, its totals, which devices changed, and why it takes no work."""
import asyncio
import time
from typing import Callable, Optional

from kiln_runner.compile.pool import CompilePool
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.protocol_frames import FromRunner
from kiln_runner.protocol_frames import Health as HealthReport
from kiln_runner.protocol_readings import HostReading


class Health:
    """`unavailable()`: why the whole host takes no work, or None. `reading()`: what NVML told last, or None."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pool: CompilePool, slots: dict[str, DeviceSlot],
        *, unavailable: Callable[[], Optional[str]], reading: Callable[[], Optional[HostReading]], send: Callable[[FromRunner], None],
    ) -> None:
        self._loop, self._pool, self._slots = loop, pool, slots
        self._unavailable, self._reading, self._send = unavailable, reading, send
        self._changed: dict[str, None] = {}

    @property
    def is_busy(self) -> bool:
        return self._pool.queued + self._pool.running > 0 or any(slot.queued_ids or slot.unfinished_ids for slot in self._slots.values())

    def on_device_changed(self, device_id: str) -> None:
        self._changed[device_id] = None
        self._loop.call_soon(self._send_changes)

    def forget_changes(self) -> None:
        """An inventory with all devices was sent."""
        self._changed.clear()

    def send(self) -> None:
        now = time.monotonic_ns()
        changed = [self._slots[device_id].device for device_id in self._changed]
        self._changed.clear()
        health: HealthReport = {
            "type": "health", "devices": changed, "compileQueued": self._pool.queued, "compileRunning": self._pool.running,
            "unavailable": self._unavailable(), "use": {device_id: slot.totals.snapshot(now) for device_id, slot in self._slots.items()},
        }
        reading = self._reading()
        if reading is not None:
            health["reading"] = reading
        self._send(health)

    def _send_changes(self) -> None:
        if self._changed:
            self.send()
