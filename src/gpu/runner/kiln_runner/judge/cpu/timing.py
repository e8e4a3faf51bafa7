"""Timed runs on the CPU. The child takes the time around its calls, and may lie: where the two disagree, the kernel's account of the child's
processor time counts. That account holds all that the child does, also after it answered, since it can have no second thread or process.
"""
import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from ..device import KEPT, LAST
from ..schedule import TimedRun
from ..statistics import median
from .child import Bound
from .one_core import on_one_core
from .sampling import CaseSamples

# A child that used more than it claims, beyond what a child without work uses for a command, lies. That use varies with what is cached
# and with interrupts. So a share of the claim is let pass; for short runs as much as a command costs and varies, never more than the claim.
CLAIM_SHARE = 0.03
IDLE_SHARE = 1.5
IDLE_QUANTILES = (0.1, 0.9)
# Fewer runs than any section has are a warm-up: they only say how many executions to time together, and lying makes these more.
RUNS_JUDGED_LEAST = 8


class TimedCase(Protocol):
    """What timing needs of a case."""

    samples: CaseSamples
    idle: Bound

    def draw(self, seed: int) -> object: ...

    def restore(self) -> object: ...

    def poison_replicas(self, replicas: int, rng: random.Random) -> None: ...

    def flush(self) -> None: ...

    def snapshot(self, replica: int, look: int) -> None: ...


class Clocked(NamedTuple):
    """Nanoseconds of one run by the child's own clock; of its processor time by the kernel's; and of that of a child without work."""

    claimed: float
    used: float
    idle: float


def run_timed(case: TimedCase, runs: Sequence[TimedRun], runnables: Mapping[str, Bound], rng: random.Random) -> list[float]:
    programs = {bound.program for bound in (case.idle, *runnables.values())}
    with on_one_core(lambda: [program.pid for program in programs if program.pid is not None]):
        return _run_timed(case, runs, runnables, rng)


def _run_timed(case: TimedCase, runs: Sequence[TimedRun], runnables: Mapping[str, Bound], rng: random.Random) -> list[float]:
    account = Account(runnables, len(runs))
    for number, run in enumerate(runs):
        # What a draw changes is sampled before.
        case.samples.take(runs[number - 1].sample if number else None)
        case.draw(run.seed) if run.seed is not None else case.restore()
        case.poison_replicas(run.replicas, rng)
        case.flush()
        account.clock(number, run, _use_without_work(case.idle))
        if run.keep is not None:
            case.snapshot(run.keep, KEPT)
        elif run.decoy is not None:
            # Before the last run is copied there.
            case.snapshot(run.decoy, LAST)
    case.samples.take(runs[-1].sample)
    clocked = account.close()
    times: list[float] = [0.0] * len(runs)
    control = [clocked[number] for number, run in enumerate(runs) if run.side == "baseline"]
    for side in runnables:
        own = [number for number, run in enumerate(runs) if run.side == side]
        found = [clocked[number] for number in own]
        # The problem's own code does not lie; beside it, it shows what this machine hides just now.
        for number, nanoseconds in zip(own, [run.claimed for run in found] if side == "baseline" else believed(found, control)):
            # At least a nanosecond: a time of 0 is none.
            times[number] = max(nanoseconds, 1.0) / runs[number].replicas
    return times


def believed(runs: Sequence[Clocked], control: Sequence[Clocked] = ()) -> list[float]:
    """Nanoseconds of each run of one side: what it claims, or what it used where it claims too little."""
    idle, claimed = median(sorted(run.idle for run in runs)), median(sorted(run.claimed for run in runs))
    # Of a few runs beside it, cold ones among them, the middle says nothing.
    beside = _hidden(control) if len(control) >= RUNS_JUDGED_LEAST else 0.0
    let_pass = max(IDLE_SHARE * idle, _spread([run.idle for run in runs]), IDLE_SHARE * beside)
    if len(runs) < RUNS_JUDGED_LEAST or _hidden(runs) <= max(CLAIM_SHARE * claimed, min(claimed, let_pass)):
        return [run.claimed for run in runs]
    return [max(run.claimed, run.used - idle) for run in runs]


def _hidden(runs: Sequence[Clocked]) -> float:
    return median(sorted(run.used - run.claimed - run.idle for run in runs))


def _spread(values: Sequence[float]) -> float:
    low, high = (sorted(values)[int(share * (len(values) - 1))] for share in IDLE_QUANTILES)
    return high - low


class Account:
    """Processor time of each run: from before its command until the same child is asked for the next."""

    def __init__(self, runnables: Mapping[str, Bound], runs: int) -> None:
        self._runnables = runnables
        self._clocked = [Clocked(0.0, 0.0, 0.0)] * runs
        # Side -> its latest run and its child's use before that.
        self._open: dict[str, tuple[int, int]] = {}

    def clock(self, number: int, run: TimedRun, idle: float) -> None:
        bound = self._runnables[run.side]
        used = self._end(run.side)
        self._clocked[number] = Clocked(bound.program.run(bound, run.replicas), 0.0, idle)
        self._open[run.side] = (number, used)

    def close(self) -> list[Clocked]:
        for side in list(self._open):
            self._end(side)
        return self._clocked

    def _end(self, side: str) -> int:
        """Ends the account of the side's latest run; the use of its child until now."""
        used = self._runnables[side].program.used_ns()
        if side in self._open:
            number, before = self._open.pop(side)
            self._clocked[number] = self._clocked[number]._replace(used=used - before)
        return used


def _use_without_work(idle: Bound) -> float:
    before = idle.program.used_ns()
    idle.program.run(idle, 0)
    return idle.program.used_ns() - before
