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
from typing import Callable, NamedTuple, Optional

from ..clocks import gaps_between
from ..device import KEPT, LAST, nothing
from ..sampling import KEY_BITS
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
# Before a run whose inputs stay: sample and poison, flush.
PLAIN_KERNELS = 2
# With more launches than this in a run the stream is held until the host has queued them all, or the events would time the host: it
# takes about 6 us for a call, and a flush of 65 MB gives it 22 us.
LAUNCHES_WITHOUT_DELAY = 2
DELAY_PER_LAUNCH_NS = 10_000


# Of a run: the stamp before it, and the one behind it.
STAMP_BYTES, BEHIND = 16, 8
# From the stamp before a run back to the one behind the last.
BEHIND_LAST = STAMP_BYTES - BEHIND


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
        return self._device + STAMP_BYTES * number

    def behind(self, number: int) -> int:
        return self.before(number) + BEHIND

    def queue_fetch(self, runs: int) -> None:
        self._driver.fetch(self._host, self._device, 8 * self.WORDS_PER_RUN * runs)
        self._driver.record(self._fetched)

    def gaps(self, events: Sequence[float]) -> list[float]:
        """`events`: nanoseconds of each run."""
        self._driver.wait(self._fetched)
        words = self._words[: self.WORDS_PER_RUN * len(events)]
        return gaps_between(words[::2], words[1::2], events)


class _Side(NamedTuple):
    """`is_plain`: before its runs nothing is restored and no symbol is filled."""

    runnable: Runnable
    launches: int
    is_plain: bool
    flush_bytes: int


# A run's number, the one before it, itself, and whose it is.
_Place = tuple[int, Optional[TimedRun], TimedRun, _Side]


class Timer:
    def __init__(self, driver: Driver, memory: Memory, kernels: HelperKernels, l2_bytes: int) -> None:
        self._driver = driver
        total, least = FLUSH_BY_CAPABILITY.get((driver.attribute(CC_MAJOR), driver.attribute(CC_MINOR)), FLUSH_ELSEWHERE)
        # Outputs that are larger are poisoned where samples look: poisoned as a whole before each run they would cost more than the flush.
        self.poison_bytes_max, self._flush_least = int(total * l2_bytes), int(least * l2_bytes)
        self._flush = kernels.flush(memory.allocate(self.poison_bytes_max), driver.attribute(MULTIPROCESSORS))
        self._stamps = Stamps(driver, memory)
        # Of the runs of the last call, nanoseconds between the events, whatever of them is whose; and the sides with something beside their runs.
        self._wholes: list[float] = []
        self._beside: set[str] = set()
        self._delay = kernels.delay()
        # Kernels of a run, modulo PHASES: odd. Fixed by the first run of a call.
        self._step: Optional[int] = None
        self._starts = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]
        self._ends = [driver.event() for _ in range(RUNS_PER_CALL_MAX)]
        # Of a launch that is checked.
        self.around = (driver.event(), driver.event())

    def run(
        self, case: GpuCase, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random, meanwhile: Callable[[], None] = nothing
    ) -> list[float]:
        """Nanoseconds of one execution in each of at most RUNS_PER_CALL_MAX runs. `meanwhile`: done once all are queued, up to RUNS_AHEAD_MAX of them
        still to be made."""
        # Keys must differ, and be secret until the run has ended: a fast generator is enough, the system's costs a microsecond each.
        keys = random.Random(rng.getrandbits(256))
        times: list[float] = []
        self._wholes, self._beside = [], {side for side, runnable in runnables.items() if runnable.beside}
        ahead = RUNS_AHEAD_BESIDE if self._beside else RUNS_AHEAD_MAX
        self._step = None
        # What the candidate left in the L2 to stay: a flush writes ordinary lines, and would go round these.
        self._driver.reset_persisting_l2()
        case.samples.use()
        self._stamps.clear(len(runs))
        sides = {side: self._side(case, runnable, runs[0].replicas) for side, runnable in runnables.items()}
        queue, read, last = self._queueing(case, keys), self._read, None
        for number, run in enumerate(runs):
            if number >= ahead:
                times.append(read(number - ahead, runs[number - ahead], runnables))
            queue(number, last, run, sides[run.side])
            last = run
        # Before the last sample, for which nobody then waits: the last run's stamp behind it is missing.
        self._stamps.queue_fetch(len(runs))
        case.samples.turn(runs[-1].sample, 0)
        meanwhile()
        times += [read(number, runs[number], runnables) for number in range(len(times), len(runs))]
        return times

    def gaps(self) -> list[float]:
        """Of the runs of the last call (device.Case.gaps)."""
        return self._stamps.gaps(self._wholes)

    def _side(self, case: GpuCase, runnable: Runnable, replicas: int) -> "_Side":
        is_plain, flush_bytes = not (case.changes_in_draws or runnable.fills or runnable.beside), self.poison_bytes_max - case.samples.poisoned_bytes
        return _Side(runnable, replicas * len(runnable.launches[0]), is_plain, max(flush_bytes, self._flush_least))

    def _queueing(self, case: GpuCase, keys: random.Random) -> "Callable[[int, Optional[TimedRun], TimedRun, _Side], None]":
        """Queues one run with all around it: its number, the one before it, itself, and whose it is. Most have nothing but their sample, the flush
        and their launches: the host must queue these faster than the device runs them, so nothing is looked up twice."""
        turn, flush, launch, record = case.samples.turn, self._flush, case.launch, self._driver.record
        starts, ends, apart = self._starts, self._ends, self._beside
        first_stamp, draw_key = self._stamps.before(0), keys.getrandbits

        def queue(number: int, last: Optional[TimedRun], run: TimedRun, side: _Side) -> None:
            runnable, launches, is_plain, flush_bytes = side
            stamp, before = first_stamp + STAMP_BYTES * number, PLAIN_KERNELS
            if is_plain and run.seed is None:
                # Behind a copy of outputs the next kernel starts later.
                behind = stamp - BEHIND_LAST if last is not None and last.keep is None and last.decoy is None and last.side not in apart else 0
                turn(last.sample if last else None, run.sample.key if run.sample else draw_key(KEY_BITS) | 1, behind)
                flush(flush_bytes, stamp)
            else:
                before = self._make_ready(case, (number, last, run, side), keys)
            if launches + before != self._step or launches > LAUNCHES_WITHOUT_DELAY:
                self._hold(launches, before, stamp)
            record(starts[number])
            for replica in range(run.replicas):
                launch(runnable, replica)
            record(ends[number])
            if runnable.beside:
                runnable.beside.behind(ends[number])
            if run.keep is not None:
                case.snapshot(run.keep, KEPT)
            elif run.decoy is not None:
                # Before the last run is copied there.
                case.snapshot(run.decoy, LAST)

        return queue

    def _make_ready(self, case: GpuCase, at: "_Place", keys: random.Random) -> int:
        """Samples the outputs of the run before and poisons them, draws inputs, fills symbols, flushes: the same kernels before every run but for
        the draws. How many that were. Poisoning counts as flushing. What a draw changes is sampled before."""
        number, last, run, side = at
        sample, key = last.sample if last else None, run.sample.key if run.sample else keys.getrandbits(KEY_BITS) | 1
        is_next = last is not None and last.keep is None and last.decoy is None and last.side not in self._beside
        stamp, turns_first = self._stamps.behind(number - 1) if is_next else 0, case.changes_in_draws or case.waits_in_draws or run.seed is None
        kernels = case.samples.turn(sample, key, stamp) if turns_first else 0
        kernels += case.restore() if run.seed is None else case.draw(run.seed, 0 if turns_first else stamp)
        kernels += 0 if turns_first else case.samples.turn(sample, key)
        # Before the flush: what a symbol holds is as cold as the tensors are.
        for _ in range(PHASES if side.runnable.fills else 0):
            side.runnable.fill(0)
        kernels += side.runnable.beside.before(is_timed=True) if side.runnable.beside else 0
        self._flush(side.flush_bytes, self._stamps.before(number))
        return kernels + 1

    def _read(self, number: int, run: TimedRun, runnables: Mapping[str, Runnable]) -> float:
        """Waits for the run; those behind it keep the device busy meanwhile."""
        beside = runnables[run.side].beside
        if beside:
            beside.wait_for(self._ends[number])
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
