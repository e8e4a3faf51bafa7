"""Timed runs on the GPU: poison, flush, event, launches, event; queued without waiting, read at the end."""
import random
from typing import List, Mapping, Sequence

from ..schedule import TimedRun
from ..tensors import poison_pattern
from .case import GpuCase, Poisonable, Runnable
from .driver import Driver
from .kernels import HelperKernels

# Runs handed to the driver before the host waits for the oldest of them: its queue holds about 1,024 commands.
RUNS_AHEAD_MAX = 48
RUNS_PER_CALL_MAX = 1024
# Before every run this many times the L2 are written: poison first, memset for the rest.
FLUSH_L2_MULTIPLE = 2
# The memset part is never below one L2, or the poisoned output would still be cached.
FLUSH_LEAST_L2_MULTIPLE = 1
# With more launches than this in a run, the stream is held until the host has queued them all.
LAUNCHES_WITHOUT_DELAY = 4
DELAY_PER_LAUNCH_NS = 6_000


class Timer:
    def __init__(self, driver: Driver, kernels: HelperKernels, l2_bytes: int) -> None:
        self._driver = driver
        self._l2_bytes = l2_bytes
        self._flush_buffer = driver.allocate(FLUSH_L2_MULTIPLE * l2_bytes)
        self._delay = kernels.delay()
        self._starts = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]
        self._ends = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]

    def run(self, case: GpuCase, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random) -> List[float]:
        """Nanoseconds of one execution in each of at most RUNS_PER_CALL_MAX runs."""
        driver, buffers = self._driver, {count: case.poisonable(count) for count in {run.replicas for run in runs}}
        for number, run in enumerate(runs):
            if number >= RUNS_AHEAD_MAX:
                driver.wait(self._ends[number - RUNS_AHEAD_MAX])
            case.draw(run.seed) if run.seed is not None else case.restore()
            self._poison_and_flush(buffers[run.replicas], run, rng)
            self._time(case, number, run, runnables[run.side])
            if run.keep is not None:
                case.snapshot(run.keep)
        driver.synchronize()
        return [driver.elapsed_ns(self._starts[n], self._ends[n]) / run.replicas for n, run in enumerate(runs)]

    def _poison_and_flush(self, buffers: Sequence[Poisonable], run: TimedRun, rng: random.Random) -> None:
        """Poisoning counts as flushing. Outputs larger than the flush are poisoned before fresh runs only: before each it would cost more
        than the flush, and a kernel that keeps what it finds there shows in the fresh runs."""
        flush = FLUSH_L2_MULTIPLE * self._l2_bytes
        poisoned = sum(buffer.bytes for buffer in buffers)
        if poisoned <= flush or run.seed is not None:
            for buffer in buffers:
                self._driver.fill(buffer.pointer, poison_pattern(buffer.dtype, rng), buffer.bytes)
        else:
            poisoned = 0
        self._driver.fill(self._flush_buffer, 1, max(flush - poisoned, FLUSH_LEAST_L2_MULTIPLE * self._l2_bytes))

    def _time(self, case: GpuCase, number: int, run: TimedRun, runnable: Runnable) -> None:
        launches = run.replicas * len(runnable.launches[0])
        if launches > LAUNCHES_WITHOUT_DELAY:
            self._delay(launches * DELAY_PER_LAUNCH_NS)
        self._driver.record(self._starts[number])
        for replica in range(run.replicas):
            case.launch(runnable, replica)
        self._driver.record(self._ends[number])
