"""Where a judgement's time goes, in the protocol's phases."""
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from kiln_runner.judge_frames import JudgedPhases

NS_PER_MS = 1e6


class Stopwatch:
    """Time inside nested spans counts for the innermost one only, so that the phases add up to at most the total. `on_wait`: told True when a wait
    for the device's lock begins, and False when it is over; `on_companion`: the same of a wait for a companion."""

    def __init__(
        self, on_wait: Callable[[bool], object] = lambda _begins: None, on_companion: Callable[[bool], object] = lambda _begins: None,
    ) -> None:
        self._start = time.monotonic_ns()
        self._spent: dict[str, int] = {"loadMs": 0, "checkMs": 0, "measureMs": 0, "lockMs": 0}
        self._on_wait, self._on_companion = on_wait, on_companion

    @contextmanager
    def span(self, phase: str) -> Iterator[None]:
        start, before = time.monotonic_ns(), sum(self._spent.values())
        try:
            yield
        finally:
            nested = sum(self._spent.values()) - before
            self._spent[phase] += time.monotonic_ns() - start - nested

    @contextmanager
    def lock_wait(self) -> Iterator[None]:
        self._on_wait(True)
        try:
            with self.span("lockMs"):
                yield
        finally:
            self._on_wait(False)

    @contextmanager
    def companion_wait(self) -> Iterator[None]:
        self._on_companion(True)
        try:
            with self.span("loadMs"):
                yield
        finally:
            self._on_companion(False)

    def add(self, phase: str, nanoseconds: int) -> None:
        self._spent[phase] += nanoseconds

    def phases(self) -> JudgedPhases:
        total = time.monotonic_ns() - self._start
        load, check, measure, lock = (self._spent[phase] / NS_PER_MS for phase in ("loadMs", "checkMs", "measureMs", "lockMs"))
        return {"loadMs": load, "checkMs": check, "measureMs": measure, "lockMs": lock, "totalMs": total / NS_PER_MS}
