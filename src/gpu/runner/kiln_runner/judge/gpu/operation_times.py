"""How long each operation of a recording takes, in a few runs that count for nothing else: which of its kernels its time goes to."""
import statistics
from collections.abc import Sequence
from ctypes import c_void_p
from typing import Callable

from kiln_runner.programs.libraries import library_of
from kiln_runner.protocol_outcomes import KernelShare

from .driver import Driver

RUNS = 5
KERNELS_SHOWN, NAME_CHARS = 12, 120


class OperationTimes:
    """Events are made once a process: as many as any recording needed."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._events: list[c_void_p] = []

    def shares(self, kernels: Sequence[str], operations: Sequence[Callable[[], int]]) -> list[KernelShare]:
        """`kernels`: of each operation, empty for a copy or a fill. Those that most of the time goes to, with their part of all of it."""
        times = self._times(operations)
        total, by_name = sum(times) or 1.0, dict[str, float]()
        for kernel, time in zip(kernels, times):
            by_name[kernel or "copies and fills"] = by_name.get(kernel or "copies and fills", 0.0) + time
        most = sorted(by_name.items(), key=lambda pair: -pair[1])[:KERNELS_SHOWN]
        return [{"kernel": name[:NAME_CHARS], "library": library_of(name), "share": time / total} for name, time in most]

    def _times(self, operations: Sequence[Callable[[], int]]) -> list[float]:
        while len(self._events) <= len(operations):
            self._events.append(self._driver.event())
        found: list[list[float]] = [[] for _ in operations]
        for _ in range(RUNS):
            self._driver.record(self._events[0])
            for number, operation in enumerate(operations):
                self._driver.check(operation(), "an operation of a recording")
                self._driver.record(self._events[number + 1])
            self._driver.wait(self._events[len(operations)])
            for number, times in enumerate(found):
                times.append(self._driver.elapsed_ns(self._events[number], self._events[number + 1]))
        return [statistics.median(times) for times in found]
