"""Timed runs on the GPU: sample and poison, flush, event, launches, event; queued without waiting, read at the end.

What a kernel's launch costs depends on how many kernels (memsets are kernels too) the context launched before it, modulo four: by about
1.1 us from the cheapest to the dearest phase on an H100, 15 % of a 4 us kernel. So the kernels of a run are made odd in number, with
one that does nothing where needed: successive runs then pass through all four phases, and every median and every group of a pair is
made of the same mixture. Runs that need more kernels than the others, for fresh inputs, are filled up to the same step.
"""
import random
from typing import List, Mapping, Optional, Sequence

from ..device import KEPT
from ..schedule import TimedRun
from .case import GpuCase, Runnable
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
        # Outputs that are larger are poisoned where samples look: poisoned as a whole before each run they would cost more than the flush.
        self.poison_bytes_max, self._flush_least = int(total * l2_bytes), int(least * l2_bytes)
        self._flush_buffer = memory.allocate(self.poison_bytes_max)
        self._delay = kernels.delay()
        # Kernels of a run, modulo PHASES: odd. Fixed by the first run of a call.
        self._step: Optional[int] = None
        self._starts = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]
        self._ends = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]

    def run(self, case: GpuCase, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random) -> List[float]:
        """Nanoseconds of one execution in each of at most RUNS_PER_CALL_MAX runs."""
        # Keys must differ, and be secret until the run has ended: a fast generator is enough, the system's costs a microsecond each.
        keys = random.Random(rng.getrandbits(256))
        times: List[float] = []
        self._step = None
        case.samples.use()
        for number, run in enumerate(runs):
            if number >= RUNS_AHEAD_MAX:
                times.append(self._read(number - RUNS_AHEAD_MAX, runs[number - RUNS_AHEAD_MAX]))
            before = self._make_ready(case, runs[number - 1] if number else None, run, keys)
            self._hold(run.replicas * len(runnables[run.side].launches[0]), before)
            self._time(case, number, run, runnables[run.side])
            if run.keep is not None:
                case.snapshot(run.keep, KEPT)
        case.samples.turn(runs[-1].sample, 0)
        return times + [self._read(number, runs[number]) for number in range(len(times), len(runs))]

    def _make_ready(self, case: GpuCase, last: Optional[TimedRun], run: TimedRun, keys: random.Random) -> int:
        """Samples the outputs of the run before and poisons them, draws inputs, flushes: the same kernels before every run but for the draws. How
        many that were. Poisoning counts as flushing. What a draw changes is sampled before."""
        sample, key = last.sample if last else None, run.sample.key if run.sample else keys.getrandbits(64) | 1
        kernels = case.samples.turn(sample, key) if case.changes_in_draws else 0
        kernels += case.draw(run.seed) if run.seed is not None else case.restore()
        kernels += 0 if case.changes_in_draws else case.samples.turn(sample, key)
        return kernels + self._driver.fill(self._flush_buffer, 1, max(self.poison_bytes_max - case.samples.poisoned_bytes, self._flush_least))

    def _read(self, number: int, run: TimedRun) -> float:
        """Waits for the run; those behind it keep the device busy meanwhile."""
        self._driver.wait(self._ends[number])
        return self._driver.elapsed_ns(self._starts[number], self._ends[number]) / run.replicas

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
