"""What a timed section does, run by run, as data. Pure: randomness is given."""
import random
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple

# Runs of a section before which the inputs are drawn afresh, at places the candidate cannot know.
FRESH_RUNS = 4
# A section is never shorter: then every second run is fresh.
RUNS_LEAST = 2 * FRESH_RUNS
# Plans faster than this are executed several times between one pair of events, each time on other buffers.
BATCH_BELOW_NS = 10_000.0
BATCH_AIM_NS = 20_000.0
BATCH_MAX = 16
# What fits the L2 runs faster or slower by some percent from second to second: such plans are always timed in pairs with the baseline.
PAIRED_BELOW_NS = 20_000.0
# Baseline runs among a candidate's, where the baseline's time is known already: one for so many of the candidate's, but no fewer than these.
RUNS_PER_CONTROL = 12
CONTROLS_LEAST = 6


class TimedRun(NamedTuple):
    """One pair of events: `side` executed once on each of `replicas` buffer sets."""

    side: str
    replicas: int
    # Draw all inputs from this seed right before; None: leave them as they are.
    seed: Optional[int]
    # Copy the outputs of this replica aside right after; None: do not.
    keep: Optional[int]


def batch_for(single_ns: float, replicas_max: int) -> int:
    """How many executions to time together: a power of two, 1 for all but the shortest plans."""
    batch = 1
    while single_ns < BATCH_BELOW_NS and batch * single_ns < BATCH_AIM_NS and 2 * batch <= min(BATCH_MAX, replicas_max):
        batch *= 2
    return batch


def group_size(sides: Sequence[str]) -> int:
    return (1, 8)[len(sides) - 1] if len(sides) <= 2 else 2 * len(sides)


def group_order(sides: Sequence[str]) -> List[str]:
    """A alone; A B B A B A A B; A B C C B A. A drift that is linear in time weighs on all sides of a group alike.

    Two sides get the eight-run form because run times on a GPU have a period of four runs (see gpu/timing.py): in it each side
    falls on each phase equally often. In a plain A B B A two copies of one 4 us kernel measured 15 % apart on an H100.
    """
    if len(sides) == 2:
        a, b = sides
        return [a, b, b, a, b, a, a, b]
    return list(sides) if len(sides) == 1 else list(sides) + list(reversed(sides))


def _orders(sides: Sequence[str], groups: int, rng: random.Random) -> List[str]:
    """`groups` groups, each in a random order, the last such that the first side makes the last run: its outputs are checked."""
    if len(sides) == 1:
        return list(sides) * groups
    order = [side for _ in range(groups - 1) for side in group_order(rng.sample(list(sides), len(sides)))]
    others = rng.sample(list(sides[1:]), len(sides) - 1)
    return order + group_order([*others, sides[0]] if len(sides) == 2 else [sides[0], *others])


def fresh_positions(runs: int, rng: random.Random) -> Set[int]:
    return set(rng.sample(range(runs), min(FRESH_RUNS, max(1, runs // 2))))


def _shared_evenly(fresh: Set[int], order: Sequence[str], size: int, rng: random.Random) -> Set[int]:
    """The first side's fresh runs, and as many of every other side in the same group: a run behind a draw of its inputs takes a little longer
    or shorter than others, and that must not count as a difference of the sides."""
    places = set(fresh)
    for at in range(0, len(order), size):
        group = range(at, at + size)
        count = len(fresh.intersection(group))
        for side in sorted(set(order[at : at + size]) - {order[-1]}):
            places.update(rng.sample([n for n in group if order[n] == side], count))
    return places


def plan_chunk(sides: Sequence[str], groups: int, batch: int, how: "Freshness") -> List[TimedRun]:
    """`groups` groups of runs. The kept run is one of the first side's, the candidate's, on fresh inputs."""
    # Seeded by the system's generator and as unpredictable for a kernel, but a hundred times as fast: the device waits for this.
    rng = random.Random(how.rng.getrandbits(256))
    order = _orders(sides, groups, rng)
    own = [position for position, side in enumerate(order) if side == sides[0]]
    fresh = {own[n] for n in fresh_positions(len(own), rng)}
    keep_at = rng.choice(sorted(fresh)) if how.keep else None
    fresh = _shared_evenly(fresh, order, group_size(sides), rng)
    return [
        TimedRun(
            side,
            batch,
            rng.getrandbits(128) if how.every_run or position in fresh else None,
            rng.randrange(batch) if position == keep_at else None,
        )
        for position, side in enumerate(order)
    ]


class Freshness(NamedTuple):
    rng: random.Random
    # Strict mode: fresh inputs before every run, so that nothing can be carried from one run to the next.
    every_run: bool
    # Keep the outputs of one fresh run for the check after the section.
    keep: bool


def controls_for(runs: int, is_first: bool, cost: float) -> int:
    """How many baseline runs go among `runs` of the candidate's. `is_first`: of the section's chunks. `cost`: of one of them, in the
    candidate's; beyond the least they take no longer than the candidate's own."""
    least = CONTROLS_LEAST if is_first else 1
    return max(least, min(runs // RUNS_PER_CONTROL, int(runs / cost)))


def with_controls(runs: Sequence[TimedRun], side: str, count: int, rng: random.Random) -> List[TimedRun]:
    """`count` runs of `side` among the others, one in each stretch of equal length, at a random place before one of its runs."""
    places = {rng.randrange(len(runs) * n // count, len(runs) * (n + 1) // count) for n in range(count)}
    control = TimedRun(side, runs[0].replicas, None, None)
    return [one for place, run in enumerate(runs) for one in ([control, run] if place in places else [run])]


def split_fresh(runs: Sequence[TimedRun], times: Sequence[float], side: str) -> Tuple[List[float], List[float]]:
    """Times of the side's runs on fresh inputs, and of its others."""
    own = [(run.seed is not None, time) for run, time in zip(runs, times) if run.side == side]
    return [time for fresh, time in own if fresh], [time for fresh, time in own if not fresh]
