"""Makes problems ready for their first candidate while the judge has nothing else to do: modules, buffers, launches.

A parked judge does it beside a neighbour that judges, so every step is short, none is a launch, and what moves data to the device waits
for the end of the neighbour's timed section. What fails here fails again with the first candidate, where there is an attempt to tell.
"""
from collections import deque
from collections.abc import Generator, Iterator
from typing import Callable, TypeVar

from .device import Device
from .device_lock import LOCKED, DeviceLock
from .failures import InfraFailure, LaunchRejected
from .problems import Problem
from .stopwatch import Stopwatch

# The service keeps the frames of more; these are prepared, the others wait for their first candidate.
PROBLEMS_WAITING_MAX = 16
# A step waits no longer for the lock: a task may have come.
LOCK_WAIT_S = 0.25
T = TypeVar("T")


class Preparation:
    def __init__(self, device: Device, lock: DeviceLock) -> None:
        self._device, self._lock = device, lock
        self._waiting: deque[Iterator[None]] = deque(maxlen=PROBLEMS_WAITING_MAX)

    @property
    def is_pending(self) -> bool:
        return bool(self._waiting)

    def add(self, load: Callable[[], Problem]) -> None:
        self._waiting.append(self._steps(load))

    def step(self) -> None:
        """The next few milliseconds of work. DeviceFault when the device is lost."""
        try:
            next(self._waiting[0])
        except (StopIteration, InfraFailure, LaunchRejected):
            self._waiting.popleft()

    def _steps(self, load: Callable[[], Problem]) -> Iterator[None]:
        parts = yield from self._shared(lambda: load().parts())
        yield
        # Allocating moves no data: it takes no lock, and may take long.
        if not self._device.reserve(parts):
            return
        yield
        for part in parts:
            # Asked for again: it may have been put away meanwhile.
            yield from self._shared(lambda part=part: load().make_ready(part))
            yield

    def _shared(self, work: Callable[[], T]) -> Generator[None, None, T]:
        """Under the lock, as soon as a step gets it."""
        while True:
            try:
                with self._lock.shared(Stopwatch(), LOCK_WAIT_S):
                    return work()
            except InfraFailure as failure:
                if failure.code != LOCKED:
                    raise
            yield
