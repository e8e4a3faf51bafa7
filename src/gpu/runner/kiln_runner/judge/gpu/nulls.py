"""What a run of a program that answers takes beside the program: two switches between contexts, and the judge's look. Measured by a program of the
judge's own in the same environment (null_process.py).

A null process is kept while programs come. It is measured anew for each judgement, and after CALIBRATED_S_MAX kernels of known length must come out
as long as they are, or nothing is timed.
"""
import time
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional, Protocol, TypeVar

from ..failures import InfraFailure
from .answer_process import LIFE_S_MAX
from .answering_program import Offsets
from .null_process import Known, NullRuns, blameless

CALIBRATED_S_MAX, IDLE_S = 60.0, 30.0
# After so long it is made anew, so that it does not end within a judgement.
RENEWED_S = LIFE_S_MAX / 2
CALIBRATION_NS = (50_000, 300_000, 3_000_000)
# A kernel of known length comes out as long as it is, within this or this share of it.
OFF_NS_MAX, OFF_SHARE_MAX = 1_000.0, 0.0005
# Of the null, and of known lengths up to a millisecond and beyond; most are looked at by a kernel.
NULL_RUNS, CALIBRATION_RUNS, LONG_RUNS, LONG_NS = 60, 40, 20, 1_000_000

Result = TypeVar("Result")


class Process(Protocol):
    def known(self, nanoseconds: int, count: int) -> Known: ...

    def runs(self, null: Known) -> NullRuns: ...

    def close(self) -> None: ...


class Calibration(NamedTuple):
    """`nanoseconds`: that the kernel was to spin; `off_ns`: what came out beyond what the judge's own launch took."""

    nanoseconds: int
    own_ns: float
    off_ns: float


class Nulls:
    """none -> a process of one environment -> measured -> none. `start`: of an environment (name and key), for kernels of these lengths."""

    def __init__(self, start: Callable[[tuple[str, str], Sequence[int]], Process], now: Callable[[], float] = time.monotonic) -> None:
        self._start, self._now = start, now
        self._of: Optional[tuple[str, str]] = None
        self._process: Optional[Process] = None
        self._calibrated_s: Optional[float] = None
        self._null: Optional[Known] = None
        self._started_s = self._used_s = 0.0
        self.calibrations: list[Calibration] = []

    def prove(self, environment: str, key: str) -> None:
        """Its process of the environment lives, and is ready. InfraFailure where it cannot be."""
        if self._now() - self._started_s > RENEWED_S:
            self.close()
        self._running(environment, key)

    def offsets(self, environment: str, key: str) -> Offsets:
        """Under the device's lock. InfraFailure where known lengths do not come out."""
        return self._known(environment, key).offsets

    def runs(self, environment: str, key: str) -> NullRuns:
        """Of its process, to be timed among others', and held against what was measured last. Under the device's lock. InfraFailure."""
        null = self._null if self._null and self._of == (environment, key) else self._known(environment, key)
        return self._asking(environment, key, lambda process: process.runs(null))

    def rest(self) -> Optional[float]:
        """Seconds until its process has been idle for too long; None: there is none. It is ended where that is now."""
        if self._process is None:
            return None
        left = self._used_s + IDLE_S - self._now()
        if left <= 0:
            self.close()
            return None
        return left

    def close(self) -> None:
        process, self._process, self._of, self._calibrated_s, self._null = self._process, None, None, None, None
        if process is not None:
            process.close()

    def _known(self, environment: str, key: str) -> Known:
        null, calibrations = self._asking(environment, key, self._measured)
        if calibrations:
            self._calibrate(calibrations)
        return null

    def _running(self, environment: str, key: str) -> Process:
        self._used_s = self._now()
        if self._of != (environment, key) or self._process is None:
            self.close()
            self._process = blameless(lambda: self._start((environment, key), (0, *CALIBRATION_NS)))
            self._of, self._started_s = (environment, key), self._now()
        return self._process

    def _asking(self, environment: str, key: str, ask: Callable[[Process], Result]) -> Result:
        """One that does not answer is ended, and one that was lost is closed: the next one is another."""
        process = self._running(environment, key)
        try:
            return blameless(lambda: ask(process))
        except InfraFailure:
            self.close()
            raise

    def _measured(self, process: Process) -> "tuple[Known, list[Calibration]]":
        null = self._null = process.known(0, NULL_RUNS)
        is_due = self._calibrated_s is None or self._now() - self._calibrated_s > CALIBRATED_S_MAX
        return null, [self._calibration(process, nanoseconds, null.offsets) for nanoseconds in CALIBRATION_NS] if is_due else []

    def _calibrate(self, calibrations: "list[Calibration]") -> None:
        self.calibrations = calibrations
        off = [one for one in self.calibrations if abs(one.off_ns) > max(OFF_NS_MAX, OFF_SHARE_MAX * one.own_ns)]
        if off:
            words = "; ".join(f"a kernel of {one.own_ns / 1e3:.2f} us comes out {one.off_ns / 1e3:+.2f} us" for one in off)
            raise InfraFailure("internal", f"times to answers cannot be told on this device now: {words}")
        self._calibrated_s = self._now()

    def _calibration(self, process: Process, nanoseconds: int, null: Offsets) -> Calibration:
        known = process.known(nanoseconds, CALIBRATION_RUNS if nanoseconds < LONG_NS else LONG_RUNS)
        return Calibration(nanoseconds, known.own_ns, known.offsets.kernel_ns - null.kernel_ns)
