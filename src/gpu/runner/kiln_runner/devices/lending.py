"""Profiles that wait for a device, and the one that it is lent to, between two tasks.

While tasks wait, they have the device for at least as long as the profile before had it. Invariant: one borrower has it at most, and gives it back.
"""
import time
from typing import Callable, NamedTuple

from kiln_runner.devices.task import NS_PER_MS
from kiln_runner.devices.use_totals import UseTotals
from kiln_runner.protocol import InfraFailure


class Borrower(NamedTuple):
    """`begin`: the device is yours, until you call `take_back`. `refused(infra)`: it will not be; nothing has begun."""

    begin: Callable[[], None]
    refused: Callable[[InfraFailure], None]


class Lending:
    def __init__(self, totals: UseTotals) -> None:
        self.is_lent = False
        self._totals = totals
        self._waiting: list[Borrower] = []
        self._turn_at_ns = 0

    @property
    def has_turn(self) -> bool:
        """Whether somebody waits who comes before the tasks."""
        return bool(self._waiting) and time.monotonic_ns() >= self._turn_at_ns

    def add(self, borrower: Borrower) -> None:
        self._waiting.append(borrower)

    def withdraw(self, borrower: Borrower) -> bool:
        """True when it had not begun; it is forgotten then."""
        if borrower not in self._waiting:
            return False
        self._waiting.remove(borrower)
        return True

    def begin_next(self) -> None:
        if self._waiting:
            self.is_lent = True
            self._totals.lent(time.monotonic_ns())
            self._waiting.pop(0).begin()

    def take_back(self) -> None:
        now = time.monotonic_ns()
        self.is_lent = False
        self._turn_at_ns = now + int(self._totals.returned(now) * NS_PER_MS)

    def refuse_all(self, infra: InfraFailure) -> None:
        waiting, self._waiting = self._waiting, []
        for borrower in waiting:
            borrower.refused(infra)
