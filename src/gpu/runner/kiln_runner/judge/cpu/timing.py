"""Timed runs on the CPU. The child takes the time around its calls; the judge takes its own around the child, and trusts that one when
the two disagree."""
import random
import time
from typing import Dict, List, Mapping, NamedTuple, Sequence

from ..device import KEPT
from ..schedule import TimedRun
from ..statistics import median
from .child import Bound

CALIBRATIONS = 5
# Between the two clocks lie a pipe's two wake-ups, measured with empty commands. A child that claims much less than the rest lies. A
# share, because preemption grows with time; a multiple of the wake-ups, because these jitter. Medians, because one late wake-up proves nothing.
CLAIM_SHARE = 0.25
CLAIM_WAKE_UPS = 3


class Clocked(NamedTuple):
    """Nanoseconds of one run by the child's clock and by ours."""

    claimed: float
    wall: float


def run_timed(case: "CpuCase", runs: Sequence[TimedRun], runnables: Mapping[str, Bound], rng: random.Random) -> List[float]:
    clocked = []
    for run in runs:
        case.draw(run.seed) if run.seed is not None else case.restore()
        case.poison_replicas(run.replicas, rng)
        case.flush()
        clocked.append(_clock(runnables[run.side], run.replicas))
        if run.keep is not None:
            case.snapshot(run.keep, KEPT)
    honest = {side: _is_honest([c for r, c in zip(runs, clocked) if r.side == side], runnables[side]) for side in {r.side for r in runs}}
    return [_pick(run, times, honest) for run, times in zip(runs, clocked)]


def _pick(run: TimedRun, times: Clocked, honest: Dict[str, bool]) -> float:
    # At least a nanosecond: a time of 0 is none.
    return max(times.claimed if honest[run.side] else times.wall, 1.0) / run.replicas


def _clock(bound: Bound, replicas: int) -> Clocked:
    start = time.perf_counter_ns()
    claimed = bound.program.run(bound, replicas)
    return Clocked(claimed, time.perf_counter_ns() - start)


def _is_honest(times: Sequence[Clocked], bound: Bound) -> bool:
    wake_up = median(sorted(_clock(bound, 0).wall for _ in range(CALIBRATIONS)))
    hidden = median(sorted(t.wall - t.claimed for t in times)) - wake_up
    claimed = median(sorted(t.claimed for t in times))
    return hidden <= max(CLAIM_SHARE * claimed, CLAIM_WAKE_UPS * wake_up)
