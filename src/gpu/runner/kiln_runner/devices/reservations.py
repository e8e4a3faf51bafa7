"""Who waits to have a device between two tasks, for a profile or for somebody's command, and who has it.

While tasks wait, they have the device for at least as long as the reservation before had it. Invariant: one reservation has it at most, and ends.
"""
import time
from typing import Callable, NamedTuple

from kiln_runner.devices.task import NS_PER_MS
from kiln_runner.devices.use_totals import UseTotals
from kiln_runner.protocol import InfraFailure


class Reservation(NamedTuple):
    """`begin`: the device is yours, until you call `take_back`. `refused(infra)`: it will not be; nothing has begun."""

    begin: Callable[[], None]
    refused: Callable[[InfraFailure], None]


class Reservations:
    """`on_change`: a reservation waits, or has ended: the device may have something to begin."""

    def __init__(self, totals: UseTotals, on_change: Callable[[], None]) -> None:
        self.is_reserved = False
        self._totals, self._on_change = totals, on_change
        self._waiting: list[Reservation] = []
        self._turn_at_ns = 0

    @property
    def has_turn(self) -> bool:
        """Whether somebody waits who comes before the tasks."""
        return bool(self._waiting) and time.monotonic_ns() >= self._turn_at_ns

    def add(self, reservation: Reservation) -> None:
        self._waiting.append(reservation)
        self._on_change()

    def withdraw(self, reservation: Reservation) -> bool:
        """True when it had not begun; it is forgotten then."""
        if reservation not in self._waiting:
            return False
        self._waiting.remove(reservation)
        return True

    def begin_next(self) -> None:
        if self._waiting:
            self.is_reserved = True
            self._totals.reserved(time.monotonic_ns())
            self._waiting.pop(0).begin()

    def end(self) -> None:
        """Of the one that has the device."""
        now = time.monotonic_ns()
        self.is_reserved = False
        self._turn_at_ns = now + int(self._totals.given_back(now) * NS_PER_MS)
        self._on_change()

    def refuse_all(self, infra: InfraFailure) -> None:
        waiting, self._waiting = self._waiting, []
        for reservation in waiting:
            reservation.refused(infra)
