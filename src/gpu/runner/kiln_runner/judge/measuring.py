"""How long does a side take: warm-up, and timed runs until the interval is narrow enough. What the times are worth: steadiness.py."""
import math
import random
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import TimingRules

from .device import Case, Runnable
from .hard_inputs import NO_HARD_INPUTS, Deck
from .sampling import NO_SLOT, Sample, Slots
from .schedule import (
    CONTROLS_LEAST,
    RUNS_LEAST,
    Freshness,
    SectionPlan,
    TimedRun,
    controls_for,
    group_size,
    inputs_of,
    with_controls,
)
from .statistics import Interval, centre, interval, median, relative_half_width

WARMUP_LEAST = 2
# Baseline runs that say whether the device is slow just now.
WITNESS_RUNS = 2
RUNS_PER_CHUNK_MAX = 256
# With fewer groups a lucky draw looks narrow enough.
GROUPS_LEAST = 8
# Of a candidate's runs, those that a baseline run among them is compared with: two of each launch phase (gpu/timing.py).
RUNS_AROUND = 8
# A section has up to this share more runs than the least, at random: nobody can know its last.
RUNS_MORE_SHARE = 0.1
# Where a draw of the inputs changes what a run takes by more than this share, some inputs are drawn once more.
REDRAWN_BEYOND = 0.05
NS_PER_MS = 1e6


class ByInputs(NamedTuple):
    """Times of a side's runs: on inputs that it had not seen, on such as were drawn once more right before, and on such as were left in place."""

    new: list[float]
    redrawn: list[float]
    left: list[float]


class _Timed(NamedTuple):
    runs: list[TimedRun]
    times: list[float]
    before: int = 0
    gaps: Sequence[float] = ()


class Section(_Timed):
    """Timed runs in the order they were made, also those that do not count, and their nanoseconds of one execution. `before`: the seed of the
    inputs before the first; `gaps`: of each run as Case.gaps, or none at all. It does not change, so what is read from it is read once: the
    device waits meanwhile."""

    def followed_by(self, runs: list[TimedRun], times: list[float], gaps: Sequence[float]) -> "Section":
        return Section([*self.runs, *runs], [*self.times, *times], self.before, [*self.gaps, *gaps])

    @cached_property
    def inputs(self) -> list[int]:
        return inputs_of(self.runs, self.before)

    @cached_property
    def kept(self) -> Optional[tuple[int, int]]:
        """Seed and replica of the outputs that were kept: the last to be took the place of others. A warm-up keeps none."""
        runs = zip(reversed(self.runs), reversed(self.inputs))
        return next(((seed, run.keep) for run, seed in runs if run.keep is not None), None)

    @cached_property
    def sampled(self) -> list[tuple[int, Sample]]:
        """The inputs' seed and the sample of each run that still has its slot: those of one seed follow each other, also where others came
        between them."""
        holders = {run.sample.slot: (number, run.sample) for number, run in enumerate(self.runs) if run.sample and run.sample.slot != NO_SLOT}
        inputs = self.inputs
        by_seed: dict[int, list[tuple[int, Sample]]] = {}
        for number, sample in sorted(holders.values()):
            by_seed.setdefault(inputs[number], []).append((inputs[number], sample))
        return [one for of_seed in by_seed.values() for one in of_seed]

    @cached_property
    def counted(self) -> list[tuple[TimedRun, float]]:
        return [(run, time) for run, time in zip(self.runs, self.times) if run.counts]

    @cached_property
    def _by_side(self) -> dict[str, list[float]]:
        times: dict[str, list[float]] = {}
        for run, time_ns in self.counted:
            times.setdefault(run.side, []).append(time_ns)
        return times

    @property
    def sides(self) -> list[str]:
        """Those that have runs that count."""
        return sorted(self._by_side)

    def of(self, side: str) -> list[float]:
        return self._by_side.get(side, [])

    def gaps_of(self, side: str) -> list[float]:
        """Of its runs that count, where the device's timer said something."""
        return [gap for run, gap in zip(self.runs, self.gaps) if run.side == side and run.counts and not math.isnan(gap)]

    def whole(self, side: str) -> list[float]:
        """Nanoseconds of all that is between two events."""
        return [time * run.replicas for run, time in self.counted if run.side == side]

    @cached_property
    def _by_inputs(self) -> dict[str, "ByInputs"]:
        found = {run.side: ByInputs([], [], []) for run in self.runs}
        # Each side may have seen those in the warm-up.
        known = dict.fromkeys(found, self.before)
        for run, seed, time_ns in zip(self.runs, self.inputs, self.times):
            side = run.side
            if run.counts:
                new, redrawn, left = found[side]
                (new if seed != known[side] else left if run.seed is None else redrawn).append(time_ns)
            known[side] = seed
        return found

    def by_inputs(self, side: str) -> "ByInputs":
        return self._by_inputs.get(side, ByInputs([], [], []))

    def group_ratios(self, numerator: str, denominator: str, sides: Sequence[str]) -> list[float]:
        """Of the two sides' medians in each group: what drifts over the section cancels within a group, and a run with an outlier drops out."""
        size, counted = group_size(sides), self.counted
        ratios: list[float] = []
        for at in range(0, len(counted), size):
            group = counted[at : at + size]
            middle = {side: median(sorted(t for run, t in group if run.side == side)) for side in (numerator, denominator)}
            ratios.append(middle[numerator] / middle[denominator])
        return ratios

    def ratios(self, numerator: str, denominator: str, sides: Sequence[str]) -> Interval:
        return centre(self.group_ratios(numerator, denominator, sides))

    def control_ratios(self, control: str, side: str) -> Interval:
        """Of each run of `control` to those of `side` that were nearest to it: a clock that moves in the section moves both."""
        own, after = self.of(side), 0
        ratios: list[float] = []
        for run, time_ns in self.counted:
            if run.side == side:
                after += 1
            elif run.side == control:
                low = max(0, min(after - RUNS_AROUND // 2, len(own) - RUNS_AROUND))
                ratios.append(time_ns / median(sorted(own[low : low + RUNS_AROUND])))
        return centre(ratios)


class Control(NamedTuple):
    """A side that is timed now and then among the runs of another, and how long it is known to take."""

    side: str
    time_ns: float

    def is_affordable(self, conditions: "Conditions") -> bool:
        """The fewest that say anything take no more than half of a case's budget, and the other side keeps to it."""
        budget_ms = conditions.rules["caseBudgetMs"]
        return CONTROLS_LEAST * self.time_ns <= budget_ms / 2 * NS_PER_MS and RUNS_LEAST * conditions.warmth.run_ms <= budget_ms

    def is_missing(self, section: Section, conditions: "Conditions", spent_ms: float) -> bool:
        """True where there were none because the warm-up took so long, and counted runs did not: who sleeps there must not choose what it is
        compared with."""
        return self.is_affordable(conditions.counted(spent_ms / len(section.runs)))

    def runs(self, among: int, is_first: bool, conditions: "Conditions") -> int:
        return controls_for(among, is_first, self.time_ns / conditions.warmth.single_ns)


class Warmth(NamedTuple):
    """What the warm-up learned: nanoseconds of one execution, milliseconds of wall clock that a run costs with all around it. What is chosen by
    it holds until the counted runs say otherwise."""

    single_ns: float
    run_ms: float


def warm_up(case: Case, runnables: Mapping[str, Runnable], count: int, rng: random.Random) -> tuple[Warmth, Section]:
    """`count` runs of each side, not counted."""
    slots = Slots(random.Random(rng.getrandbits(256)))
    sides = [side for _ in range(max(WARMUP_LEAST, count)) for side in runnables]
    runs = [TimedRun(side, 1, None, None, slots.take()) for side in sides]
    start = time.monotonic_ns()
    times = case.run_timed(runs, runnables, rng)
    run_ms = (time.monotonic_ns() - start) / NS_PER_MS / len(times)
    # The fastest: one slow first run must not hide that a plan is short enough to be batched.
    return Warmth(min(times), run_ms), Section(runs, times, case.seed)


def witness(case: Case, baseline: Runnable, rng: random.Random) -> float:
    """Nanoseconds that the baseline takes just now."""
    return min(case.run_timed([TimedRun("baseline", case.batch, None, None)] * WITNESS_RUNS, {"baseline": baseline}, rng))


class Conditions(NamedTuple):
    rules: TimingRules
    warmth: Warmth
    rng: random.Random
    # Of the case's hard inputs.
    deck: Deck = NO_HARD_INPUTS
    # Asked after every chunk, of which the first is short then, whether the section is over.
    until: Optional[Callable[[Section], bool]] = None

    def beside(self, case: Case, others: Mapping[str, Runnable]) -> "Conditions":
        """For one side that is warm together with `others`, which are warmed up here: their first runs are slow, and all of them cost time."""
        found, _ = warm_up(case, others, WARMUP_LEAST, self.rng)
        run_ms = (self.warmth.run_ms + len(others) * found.run_ms) / (1 + len(others))
        return self._replace(warmth=self.warmth._replace(run_ms=run_ms))

    def after(self, spent_ms: float) -> "Conditions":
        """What is left of the case's budget."""
        left_ms = max(0.0, self.rules["caseBudgetMs"] - spent_ms)
        return self._replace(rules={**self.rules, "caseBudgetMs": left_ms})

    def counted(self, run_ms: float) -> "Conditions":
        """With what a counted run costs, which nobody can choose as freely as a warm-up's."""
        return self._replace(warmth=self.warmth._replace(run_ms=run_ms))


def time_sides(
    case: Case, runnables: Mapping[str, Runnable], conditions: Conditions, strict: bool, control: Optional[Control] = None
) -> Section:
    """Times the sides together; the first is under suspicion. `strict`: fresh inputs before every run. `control`: one of the sides that gets a
    few runs alone, beyond those that the rules ask for. `case` is armed and drawn."""
    sides, rules, rng = [side for side in runnables if control is None or side != control.side], conditions.rules, conditions.rng
    plan = SectionPlan(sides, case.batch, Freshness(rng, strict, case.draw_bias > REDRAWN_BEYOND, case.seed, conditions.deck))
    start = time.monotonic_ns()
    section = Section([], [], case.seed)
    while True:
        elapsed_ms = (time.monotonic_ns() - start) / NS_PER_MS
        own = sum(run.side in sides for run, _ in section.counted)
        if section.runs:
            conditions = conditions.counted(elapsed_ms / len(section.runs))
        groups = next_groups(sides, own, elapsed_ms, conditions)
        if groups == 0 or (section.runs and (narrow_enough(section, sides, rules) or (conditions.until and conditions.until(section)))):
            return section
        chunk = plan.chunk(groups)
        if control is not None:
            chunk = with_controls(chunk, control.side, control.runs(groups, not section.runs, conditions), rng)
        times = _timed(case, chunk, runnables, sides, rng)
        section = section.followed_by(chunk, times, case.gaps()[-len(chunk) :])


def _timed(case: Case, chunk: list[TimedRun], runnables: Mapping[str, Runnable], sides: Sequence[str], rng: random.Random) -> list[float]:
    """Of several sides the run before, one of `sides`, is not counted: the device has been idle since the last chunk, and one alone would pay."""
    lead = [TimedRun(rng.choice(sorted(sides)), case.batch, None, None)] if len(runnables) > 1 else []
    return case.run_timed([*lead, *chunk], runnables, rng)[len(lead) :]


def next_groups(sides: Sequence[str], runs_done: int, elapsed_ms: float, conditions: Conditions) -> int:
    """Groups of the next chunk: runsMin and a few first, then about half as many again; fewer where the budget ends, 0 when all is spent."""
    rules, size, per_side = conditions.rules, group_size(sides), group_size(sides) // len(sides)
    done = runs_done // size * per_side
    least = -(-RUNS_LEAST // per_side)
    groups = -(-min(_wanted(rules["runsMin"], done, conditions.rng), rules["runsMax"] - done) // per_side)
    affordable = int((rules["caseBudgetMs"] - elapsed_ms) / (conditions.warmth.run_ms * size))
    if done == 0:
        groups = least if conditions.until else max(min(groups, affordable), least)
    return max(0, min(groups, affordable if done else groups, RUNS_PER_CHUNK_MAX // size))


def _wanted(runs_min: int, done: int, rng: random.Random) -> int:
    """Runs of a side, drawn: no chunk's length is known before it has ended."""
    if done == 0:
        return runs_min + rng.randint(0, int(RUNS_MORE_SHARE * runs_min))
    return max(RUNS_LEAST, rng.randint(runs_min // 4, -(-3 * runs_min // 4)))


def narrow_enough(section: Section, sides: Sequence[str], rules: TimingRules) -> bool:
    """Of a pair the ratio counts, of one side alone its median."""
    if len(section.of(sides[0])) < rules["runsMin"]:
        return False
    target = rules["targetRelativeCi"]
    if len(sides) == 1:
        return relative_half_width(interval(section.of(sides[0]))) <= target
    if len(section.counted) < GROUPS_LEAST * group_size(sides):
        return False
    return all(relative_half_width(section.ratios(other, sides[0], sides)) <= target for other in sides[1:])
