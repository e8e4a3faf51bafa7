"""Timed runs on the GPU: sample and poison, flush, event, launches, event; queued without waiting, read at the end.

What a kernel's launch costs depends on how many kernels (memsets are kernels too) the context launched before it, modulo four: by about
1.1 us from the cheapest to the dearest phase on an H100, 15 % of a 4 us kernel. So the kernels of a run are made odd in number, with
one that does nothing where needed: successive runs then pass through all four phases, and every median and every group of a pair is
made of the same mixture. Runs that need more kernels than the others, for fresh inputs, are filled up to the same step. Whether a copy
into a symbol counts as a kernel is up to the driver: it is made four times, which changes no phase either way.
"""
import random
from collections.abc import Mapping, Sequence
from ctypes import c_uint64
from typing import Optional

from ..clocks import gaps_between
from ..device import KEPT, LAST
from ..schedule import TimedRun
from .case import GpuCase
from .driver import CC_MAJOR, CC_MINOR, MULTIPROCESSORS, Driver
from .kernels import HelperKernels
from .memory import Memory
from .runnable import Runnable

# Runs handed to the driver before the host waits for the oldest of them: its queue holds about 1,024 commands.
RUNS_AHEAD_MAX = 48
# Of runs with something beside them, which queue more: where a process hangs, what the host hands over must still fit.
RUNS_AHEAD_BESIDE = 12
RUNS_PER_CALL_MAX = 1024
# Before every run `total` times the L2 are written, poison first, a flush for the rest; the flush is never below `least` times, or the
# poisoned output would still be cached. Hopper: medians of inputs that fit the L2 rise until 0.75 times the L2 are written and not by
# 0.3 % after that. Elsewhere the rule of thumb, until measured.
FLUSH_BY_CAPABILITY = {(9, 0): (1.25, 0.75)}
FLUSH_ELSEWHERE = (2.0, 1.0)
PHASES = 4
# With more launches than this in a run the stream is held until the host has queued them all, or the events would time the host: it
# takes about 6 us for a call, and a flush of 65 MB gives it 22 us.
LAUNCHES_WITHOUT_DELAY = 2
DELAY_PER_LAUNCH_NS = 10_000


class Stamps:
    """What the judge's kernels read from the device's timer in one call: of each run when the last kernel before it ended, and when the first
    behind it started. In memory that no side is told."""

    WORDS_PER_RUN = 2

    def __init__(self, driver: Driver, memory: Memory) -> None:
        self._driver, size = driver, 8 * self.WORDS_PER_RUN * RUNS_PER_CALL_MAX
        self._device, self._host, self._fetched = memory.allocate(size), driver.host_buffer(size), driver.event()
        self._words = (c_uint64 * (self.WORDS_PER_RUN * RUNS_PER_CALL_MAX)).from_address(self._host)

    def clear(self, runs: int) -> None:
        """The end of several blocks is the latest of them: it starts at 0."""
        self._driver.fill(self._device, 0, 8 * self.WORDS_PER_RUN * runs)

    def before(self, number: int) -> int:
        return self._device + 8 * self.WORDS_PER_RUN * number

    def behind(self, number: int) -> int:
        return self.before(number) + 8

    def queue_fetch(self, runs: int) -> None:
        self._driver.fetch(self._host, self._device, 8 * self.WORDS_PER_RUN * runs)
        self._driver.record(self._fetched)

    def gaps(self, events: Sequence[float]) -> list[float]:
        """`events`: nanoseconds of each run."""
        self._driver.wait(self._fetched)
        words = self._words[: self.WORDS_PER_RUN * len(events)]
        return gaps_between(words[::2], words[1::2], events)


class Timer:
    def __init__(self, driver: Driver, memory: Memory, kernels: HelperKernels, l2_bytes: int) -> None:
        self._driver = driver
        total, least = FLUSH_BY_CAPABILITY.get((driver.attribute(CC_MAJOR), driver.attribute(CC_MINOR)), FLUSH_ELSEWHERE)
        # Outputs that are larger are poisoned where samples look: poisoned as a whole before each run they would cost more than the flush.
        self.poison_bytes_max, self._flush_least = int(total * l2_bytes), int(least * l2_bytes)
        self._flush = kernels.flush(memory.allocate(self.poison_bytes_max), driver.attribute(MULTIPROCESSORS))
        self._stamps = Stamps(driver, memory)
        # Of the runs of the last call (device.Case.gaps).
        self.gaps: list[float] = []
        self._delay = kernels.delay()
        # Of its runs, nanoseconds between the events, whatever of them is whose.
        self._wholes: list[float] = []
        # Whether something goes on behind the run before, so that no kernel says when that ended.
        self._is_apart = False
        # Kernels of a run, modulo PHASES: odd. Fixed by the first run of a call.
        self._step: Optional[int] = None
        self._starts = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]
        self._ends = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]
        # Of a launch that is checked.
        self.around = (driver.event(), driver.event())

    def run(self, case: GpuCase, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random) -> list[float]:
        """Nanoseconds of one execution in each of at most RUNS_PER_CALL_MAX runs."""
        # Keys must differ, and be secret until the run has ended: a fast generator is enough, the system's costs a microsecond each.
        keys = random.Random(rng.getrandbits(256))
        times: list[float] = []
        self._wholes = []
        ahead = RUNS_AHEAD_BESIDE if any(runnable.beside for runnable in runnables.values()) else RUNS_AHEAD_MAX
        self._step = None
        # What the candidate left in the L2 to stay: a flush writes ordinary lines, and would go round these.
        self._driver.reset_persisting_l2()
        case.samples.use()
        self._stamps.clear(len(runs))
        for number, run in enumerate(runs):
            if number >= ahead:
                times.append(self._read(number - ahead, runs[number - ahead], runnables))
            last = runs[number - 1] if number else None
            self._is_apart = last is not None and runnables[last.side].beside is not None
            before = self._make_ready(case, (number, last, run, runnables[run.side]), keys)
            self._hold(run.replicas * len(runnables[run.side].launches[0]), before, self._stamps.before(number))
            self._time(case, number, run, runnables[run.side])
            if run.keep is not None:
                case.snapshot(run.keep, KEPT)
            elif run.decoy is not None:
                # Before the last run is copied there.
                case.snapshot(run.decoy, LAST)
        # Before the last sample, for which nobody then waits: the last run's stamp behind it is missing.
        self._stamps.queue_fetch(len(runs))
        case.samples.turn(runs[-1].sample, 0)
        times += [self._read(number, runs[number], runnables) for number in range(len(times), len(runs))]
        self.gaps = self._stamps.gaps(self._wholes)
        return times

    def _make_ready(self, case: GpuCase, at: tuple[int, Optional[TimedRun], TimedRun, Runnable], keys: random.Random) -> int:
        """Samples the outputs of the run before and poisons them, draws inputs, fills symbols, flushes: the same kernels before every run but for
        the draws. How many that were. Poisoning counts as flushing. What a draw changes is sampled before. `at`: the run's number, the one before
        it, itself, and what it runs."""
        number, last, run, runnable = at
        sample, key = last.sample if last else None, run.sample.key if run.sample else keys.getrandbits(64) | 1
        # Behind a copy of outputs the next kernel starts later.
        is_next = last is not None and last.keep is None and last.decoy is None and not self._is_apart
        stamp, turns_first = self._stamps.behind(number - 1) if is_next else 0, case.changes_in_draws or run.seed is None
        kernels = case.samples.turn(sample, key, stamp) if turns_first else 0
        kernels += case.restore() if run.seed is None else case.draw(run.seed, 0 if turns_first else stamp)
        kernels += 0 if turns_first else case.samples.turn(sample, key)
        # Before the flush: what a symbol holds is as cold as the tensors are.
        for _ in range(PHASES if runnable.fills else 0):
            runnable.fill(0)
        kernels += runnable.beside.before(is_timed=True) if runnable.beside else 0
        self._flush(max(self.poison_bytes_max - case.samples.poisoned_bytes, self._flush_least), self._stamps.before(number))
        return kernels + 1

    def _read(self, number: int, run: TimedRun, runnables: Mapping[str, Runnable]) -> float:
        """Waits for the run; those behind it keep the device busy meanwhile."""
        beside = runnables[run.side].beside
        if beside:
            beside.wait_for(self._ends[number])
        else:
            self._driver.wait(self._ends[number])
        whole = self._driver.elapsed_ns(self._starts[number], self._ends[number])
        self._wholes.append(whole)
        return (beside.corrected(whole) if beside else whole) / run.replicas

    def _hold(self, launches: int, before: int, stamp: int) -> None:
        """Holds the stream until the host has queued all launches, and makes the run take as many phases as the first of the call. `stamp`: where
        kernels say when they end, the last one being the last before the run."""
        held = launches > LAUNCHES_WITHOUT_DELAY
        if held:
            self._delay(launches * DELAY_PER_LAUNCH_NS, stamp)
        kernels = launches + before + held
        if self._step is None:
            self._step = kernels | 1
        for _ in range((self._step - kernels) % PHASES):
            self._delay(0, stamp)

    def _time(self, case: GpuCase, number: int, run: TimedRun, runnable: Runnable) -> None:
        self._driver.record(self._starts[number])
        for replica in range(run.replicas):
            case.launch(runnable, replica)
        self._driver.record(self._ends[number])
        if runnable.beside:
            runnable.beside.behind(self._ends[number])
