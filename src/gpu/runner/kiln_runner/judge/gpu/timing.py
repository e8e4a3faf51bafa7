"""Timed runs on the GPU: poison, flush, event, launches, event; queued without waiting, read at the end.

What a kernel's launch costs depends on how many kernels (memsets are kernels too) the context launched before it, modulo four: by about
1.1 us from the cheapest to the dearest phase on an H100, 15 % of a 4 us kernel. So the kernels of a run are made odd in number, with
one that does nothing where needed: successive runs then pass through all four phases, and every median and every group of a pair is
made of the same mixture. Runs that need more kernels than the others, for fresh inputs, are filled up to the same step.
"""
import random
from typing import List, Mapping, Optional, Sequence

from ..device import KEPT
from ..schedule import TimedRun
from ..tensors import poison_pattern
from .case import GpuCase, Poisonable, Runnable
from .driver import CC_MAJOR, CC_MINOR, Driver
from .kernels import HelperKernels
from .memory import Memory

# Runs handed to the driver before the host waits for the oldest of them: its queue holds about 1,024 commands.
RUNS_AHEAD_MAX = 48
RUNS_PER_CALL_MAX = 1024
# Before every run `total` times the L2 are written, poison first, a memset for the rest; the memset is never below `least` times, or the
# poisoned output would still be cached. Hopper: medians of inputs that fit the L2 rise until 0.75 times the L2 are written and not by
# 0.3 % after that. Elsewhere the rule of thumb, until measured.
FLUSH_BY_CAPABILITY = {(9, 0): (1.25, 0.75)}
FLUSH_ELSEWHERE = (2.0, 1.0)
PHASES = 4
# With more launches than this in a run the stream is held until the host has queued them all, or the events would time the host: it
# takes about 6 us for a call, and a flush of 65 MB gives it 22 us.
LAUNCHES_WITHOUT_DELAY = 2
DELAY_PER_LAUNCH_NS = 10_000


class Timer:
    def __init__(self, driver: Driver, memory: Memory, kernels: HelperKernels, l2_bytes: int) -> None:
        self._driver = driver
        total, least = FLUSH_BY_CAPABILITY.get((driver.attribute(CC_MAJOR), driver.attribute(CC_MINOR)), FLUSH_ELSEWHERE)
        self._flush_total, self._flush_least = int(total * l2_bytes), int(least * l2_bytes)
        self._flush_buffer = memory.allocate(self._flush_total)
        self._delay = kernels.delay()
        # Kernels of a run, modulo PHASES: odd. Fixed by the first run of a call.
        self._step: Optional[int] = None
        self._starts = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]
        self._ends = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]

    def run(self, case: GpuCase, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random) -> List[float]:
        """Nanoseconds of one execution in each of at most RUNS_PER_CALL_MAX runs."""
        buffers = {count: case.poisonable(count) for count in {run.replicas for run in runs}}
        # Patterns must differ, not be secret: a fast generator does, the system's costs a microsecond each.
        patterns = random.Random(rng.getrandbits(64))
        times: List[float] = []
        self._step = None
        for number, run in enumerate(runs):
            if number >= RUNS_AHEAD_MAX:
                times.append(self._read(number - RUNS_AHEAD_MAX, runs[number - RUNS_AHEAD_MAX]))
            drawn = case.draw(run.seed) if run.seed is not None else case.restore()
            flushed = self._poison_and_flush(buffers[run.replicas], run, patterns)
            self._hold(run.replicas * len(runnables[run.side].launches[0]), drawn + flushed)
            self._time(case, number, run, runnables[run.side])
            if run.keep is not None:
                case.snapshot(run.keep, KEPT)
        return times + [self._read(number, runs[number]) for number in range(len(times), len(runs))]

    def _read(self, number: int, run: TimedRun) -> float:
        """Waits for the run; those behind it keep the device busy meanwhile."""
        self._driver.wait(self._ends[number])
        return self._driver.elapsed_ns(self._starts[number], self._ends[number]) / run.replicas

    def _poison_and_flush(self, buffers: Sequence[Poisonable], run: TimedRun, rng: random.Random) -> int:
        """Poisoning counts as flushing. Outputs larger than the flush are poisoned before fresh runs only: before each it would cost more
        than the flush, and a kernel that keeps what it finds there shows in the fresh runs. How many kernels that were."""
        poisoned, kernels = sum(buffer.bytes for buffer in buffers), 0
        if poisoned <= self._flush_total or run.seed is not None:
            for buffer in buffers:
                kernels += self._driver.fill(buffer.pointer, poison_pattern(buffer.dtype, rng), buffer.bytes)
        else:
            poisoned = 0
        return kernels + self._driver.fill(self._flush_buffer, 1, max(self._flush_total - poisoned, self._flush_least))

    def _hold(self, launches: int, before: int) -> None:
        """Holds the stream until the host has queued all launches, and makes the run take as many phases as the first of the call."""
        held = launches > LAUNCHES_WITHOUT_DELAY
        if held:
            self._delay(launches * DELAY_PER_LAUNCH_NS)
        kernels = launches + before + held
        if self._step is None:
            self._step = kernels | 1
        for _ in range((self._step - kernels) % PHASES):
            self._delay(0)

    def _time(self, case: GpuCase, number: int, run: TimedRun, runnable: Runnable) -> None:
        self._driver.record(self._starts[number])
        for replica in range(run.replicas):
            case.launch(runnable, replica)
        self._driver.record(self._ends[number])
