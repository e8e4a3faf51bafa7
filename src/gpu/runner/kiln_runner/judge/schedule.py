"""What a timed section does, run by run, as data. Pure: randomness is given."""
import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Optional

from .hard_inputs import NO_HARD_INPUTS, Deck, hard_runs
from .sampling import Sample, Slots
from .tensors import SEED_BITS, seed_for

# Runs of a section's first chunk before which the inputs are drawn afresh, at places the candidate cannot know; of later chunks one in so many.
FRESH_RUNS = 3
RUNS_PER_FRESH = 16
# A section is never shorter.
RUNS_LEAST = 8
# Plans faster than this are executed several times between one pair of events, each time on other buffers.
BATCH_BELOW_NS = 10_000.0
BATCH_AIM_NS = 20_000.0
BATCH_MAX = 16
# What fits the L2 runs faster or slower by some percent from second to second: such plans are always timed in pairs with the baseline.
PAIRED_BELOW_NS = 20_000.0
# Baseline runs among a candidate's, where the baseline's time is known already: one for so many of the candidate's, but no fewer than these.
RUNS_PER_CONTROL = 12
CONTROLS_LEAST = 6
# The judge's own program that does nothing, among others' runs (hindrance.py): one for so many of all that count.
NULL, RUNS_PER_NULL = "null", 3
# At most so many copies of outputs, in each chunk, besides the one that is kept.
DECOYS_MAX = 2


class TimedRun(NamedTuple):
    """One pair of events: `side` executed once on each of `replicas` buffer sets."""

    side: str
    replicas: int
    # Draw all inputs from this seed right before; None: leave them as they are.
    seed: Optional[int]
    # Copy the outputs of this replica aside right after; None: do not.
    keep: Optional[int]
    # Take this sample of all outputs before the next run; None: nobody asks for it.
    sample: Optional[Sample] = None
    # Its time is one of those that are looked at.
    counts: bool = True
    # Copy this replica's outputs too, where nobody looks: a kernel that finds a gap behind its run has not learned which one is kept.
    decoy: Optional[int] = None


def batch_for(single_ns: float, replicas_max: int) -> int:
    """How many executions to time together: a power of two, 1 for all but the shortest plans."""
    batch = 1
    while single_ns < BATCH_BELOW_NS and batch * single_ns < BATCH_AIM_NS and 2 * batch <= min(BATCH_MAX, replicas_max):
        batch *= 2
    return batch


def batch_holds(batch: int, counted_ns: float, replicas_max: int) -> bool:
    """Whether counted runs bear out what was chosen by the warm-up. More than one is chosen only by work that was looked at and found done, but
    nobody can see a kernel wait. One execution among others takes down to a quarter of what one alone does."""
    return batch_for(4 * counted_ns, replicas_max) <= batch


def group_size(sides: Sequence[str]) -> int:
    return (1, 8)[len(sides) - 1] if len(sides) <= 2 else 2 * len(sides)


def group_order(sides: Sequence[str], in_a_row: bool = False) -> list[str]:
    """A alone; A B B A B A A B or, `in_a_row`, B B A A A A B B; A B C C B A or C C B B A A. A drift that is linear in time weighs on two sides of
    a group alike.

    Two sides get eight runs because run times on a GPU have a period of four runs (see gpu/timing.py): in these each side
    falls on each phase equally often. In a plain A B B A two copies of one 4 us kernel measured 15 % apart on an H100.
    """
    if len(sides) == 2:
        a, b = sides
        return [b, b, a, a, a, a, b, b] if in_a_row else [a, b, b, a, b, a, a, b]
    if in_a_row:
        return [side for side in reversed(sides) for _ in range(2)]
    return list(sides) if len(sides) == 1 else list(sides) + list(reversed(sides))


class _Groups:
    """Orders of groups. What a run leaves behind (caches, power) weighs on the next one: with both kinds of groups in this proportion every side
    follows each equally often, itself too. In alternating groups alone three in four runs of a side follow another."""

    def __init__(self, sides: Sequence[str], rng: random.Random) -> None:
        self._sides, self._rng = list(sides), rng
        self._kinds: list[bool] = []

    def order(self, groups: int) -> list[str]:
        """`groups` groups, each in a random order, the last such that the first side makes the last run: its outputs are checked."""
        rng, sides = self._rng, self._sides
        if len(sides) == 1:
            return list(sides) * groups
        order = [side for _ in range(groups - 1) for side in group_order(rng.sample(sides, len(sides)), self._in_a_row())]
        others = rng.sample(sides[1:], len(sides) - 1)
        return order + group_order([*others, sides[0]] if len(sides) == 2 else [sides[0], *others], self._in_a_row())

    def _in_a_row(self) -> bool:
        if not self._kinds:
            kinds = [True, False] if len(self._sides) == 2 else [True, False, False]
            self._kinds = self._rng.sample(kinds, len(kinds))
        return self._kinds.pop()


def fresh_positions(runs: int, is_first: bool, rng: random.Random) -> set[int]:
    """Of `runs` runs of one side."""
    count = max(1, min(FRESH_RUNS, runs // 2)) if is_first else int(runs / RUNS_PER_FRESH + rng.random())
    return set(rng.sample(range(runs), count))


def _shared_evenly(fresh: set[int], order: Sequence[str], size: int, rng: random.Random) -> set[int]:
    """As many runs of every other side in the groups of the first side's fresh ones: a run behind a draw of its inputs takes a little longer
    or shorter than others, and that must not count as a difference of the sides."""
    places: set[int] = set()
    if size == 1:
        return places
    counts = Counter(place // size * size for place in fresh)
    for at, count in sorted(counts.items()):
        group = range(at, at + size)
        for side in sorted(set(order[at : at + size]) - {order[-1]}):
            places.update(rng.sample([n for n in group if order[n] == side], count))
    return places


class SectionPlan:
    """Plans the chunks of one section. What a candidate can count tells it nothing: every one of its runs is sampled, and each is as likely as
    any other to be the one whose outputs are kept, since a run of a later chunk may take the place of an earlier one."""

    def __init__(self, sides: Sequence[str], batch: int, how: "Freshness") -> None:
        # Seeded by the system's generator and as unpredictable for a kernel, but a hundred times as fast: the device waits for this.
        self._rng = random.Random(how.rng.getrandbits(256))
        self._sides, self._batch, self._how = list(sides), batch, how
        self._inputs = how.inputs
        self._slots, self._own_runs, self._groups = Slots(self._rng), 0, _Groups(sides, self._rng)

    def chunk(self, groups: int) -> list[TimedRun]:
        """`groups` groups of runs."""
        rng, first = self._rng, self._sides[0]
        order = self._groups.order(groups)
        own = [position for position, side in enumerate(order) if side == first]
        fresh = {own[n] for n in fresh_positions(len(own), not self._own_runs, rng)}
        redrawn: set[int] = set(rng.sample(sorted(set(own) - fresh), min(len(fresh), len(own) - len(fresh)))) if self._how.redraws else set()
        redrawn |= _shared_evenly(fresh | redrawn, order, group_size(self._sides), rng)
        self._own_runs += len(own)
        keep_at = rng.choice(own) if rng.randrange(self._own_runs) < len(own) else None
        decoys = self._decoys(own, keep_at)
        hard = Counter(self._hard_places(len(order), len(own)))
        runs: list[TimedRun] = []
        # What most runs are: none is made twice, since the device waits for them.
        batch, others = self._batch, {side: TimedRun(side, self._batch, None, None) for side in self._sides}
        samples = iter(self._slots.take_many(len(own)))
        special = set(range(len(order))) if self._how.every_run else {*fresh, *redrawn, *decoys, *hard, keep_at}
        for position, side in enumerate(order):
            if position not in special:
                runs.append(TimedRun(side, batch, None, None, next(samples)) if side == first else others[side])
                continue
            for _ in range(hard[position]):
                runs += self._on_hard_inputs()
            if self._how.every_run or position in fresh:
                self._inputs = rng.getrandbits(SEED_BITS)
            draws = self._how.every_run or position in fresh or position in redrawn
            keep = rng.randrange(batch) if position == keep_at else None
            sample, decoy = next(samples) if side == first else None, rng.randrange(batch) if position in decoys else None
            runs.append(TimedRun(side, batch, self._inputs if draws else None, keep, sample, decoy=decoy))
        return runs

    def _decoys(self, own: Sequence[int], keep_at: Optional[int]) -> set[int]:
        others = [position for position in own if position != keep_at]
        return set(self._rng.sample(others, min(len(others), self._rng.randint(0, DECOYS_MAX) + (keep_at is None))))

    def _hard_places(self, runs: int, own: int) -> list[int]:
        """Before which runs there are some on hard inputs: anywhere, but for the end, whose outputs are looked at."""
        count = hard_runs(own, self._own_runs == own, self._how.every_run, self._how.deck, self._rng)
        return self._rng.choices(range(runs), k=count)

    def _on_hard_inputs(self) -> list[TimedRun]:
        """And one on the inputs of before, so that what counts is behind a run like all others."""
        seeds = [seed_for(self._rng.getrandbits(SEED_BITS), self._how.deck.deal()), self._inputs]
        return [TimedRun(self._sides[0], self._batch, seed, None, self._slots.take(), False) for seed in seeds]


class Freshness(NamedTuple):
    rng: random.Random
    # Strict mode: fresh inputs before every run, so that nothing can be carried from one run to the next.
    every_run: bool
    # As often the same inputs are drawn once more: where a draw by itself changes what a run takes, only that tells what new inputs change.
    redraws: bool
    # The seed of the inputs that are in place when the section starts.
    inputs: int
    deck: Deck = NO_HARD_INPUTS


def controls_for(runs: int, is_first: bool, cost: float) -> int:
    """How many baseline runs go among `runs` of the candidate's. `is_first`: of the section's chunks. `cost`: of one of them, in the
    candidate's; beyond the least they take no longer than the candidate's own."""
    least = CONTROLS_LEAST if is_first else 1
    return max(least, min(runs // RUNS_PER_CONTROL, int(runs / cost)))


def with_controls(runs: Sequence[TimedRun], side: str, count: int, rng: random.Random) -> list[TimedRun]:
    """`count` runs of `side` among the others, one in each stretch of equal length, at a random place before one of its runs that count."""
    counted = [number for number, run in enumerate(runs) if run.counts]
    places = sorted({counted[rng.randrange(len(counted) * n // count, len(counted) * (n + 1) // count)] for n in range(count)})
    control, mixed = TimedRun(side, runs[0].replicas, None, None), [*runs]
    for before, place in enumerate(places):
        mixed.insert(place + before, control)
    return mixed


def with_nulls(runs: Sequence[TimedRun], rng: random.Random) -> list[TimedRun]:
    """As many of NULL among the others as there must be, which do not count."""
    mixed = with_controls(runs, NULL, sum(run.counts for run in runs) // RUNS_PER_NULL, rng)
    return [run._replace(counts=False) if run.side == NULL else run for run in mixed]


def inputs_of(runs: Sequence[TimedRun], before: int) -> list[int]:
    """The seed of each run's inputs; `before`: of those that were in place before the first."""
    seeds: list[int] = []
    for run in runs:
        before = before if run.seed is None else run.seed
        seeds.append(before)
    return seeds
