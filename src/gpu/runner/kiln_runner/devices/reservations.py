"""Profiles that wait for a device, and the one that has it, between two tasks.

While tasks wait, they have the device for at least as long as the profile before had it. Invariant: one reservation has it at most, and ends.
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
    def __init__(self, totals: UseTotals) -> None:
        self.is_reserved = False
        self._totals = totals
        self._waiting: list[Reservation] = []
        self._turn_at_ns = 0

    @property
    def has_turn(self) -> bool:
        """Whether somebody waits who comes before the tasks."""
        return bool(self._waiting) and time.monotonic_ns() >= self._turn_at_ns

    def add(self, reservation: Reservation) -> None:
        self._waiting.append(reservation)

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

    def end_reservation(self) -> None:
        now = time.monotonic_ns()
        self.is_reserved = False
        self._turn_at_ns = now + int(self._totals.given_back(now) * NS_PER_MS)

    def refuse_all(self, infra: InfraFailure) -> None:
        waiting, self._waiting = self._waiting, []
        for reservation in waiting:
            reservation.refused(infra)
