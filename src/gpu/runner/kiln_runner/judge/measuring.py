"""How long does a side take: warm-up, and timed runs until the interval is narrow enough. What the times are worth: steadiness.py."""
import random
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import TimingRules

from .device import Case, Runnable, nothing
from .hard_inputs import NO_HARD_INPUTS, Deck
from .sampling import Slots
from .schedule import (
    CONTROLS_LEAST,
    NULL,
    RUNS_LEAST,
    Freshness,
    SectionPlan,
    TimedRun,
    controls_for,
    group_size,
    with_controls,
    with_nulls,
)
from .section import Ran, Section
from .statistics import interval, median, relative_half_width

WARMUP_LEAST = 2
WARMUP_SHARE = 0.25
# Baseline runs that say whether the device is slow just now.
WITNESS_RUNS = 2
RUNS_PER_CHUNK_MAX = 256
# With fewer groups a lucky draw looks narrow enough.
GROUPS_LEAST = 8
# A section has up to this share more runs than the least, at random: nobody can know its last.
RUNS_MORE_SHARE = 0.1
# Where a draw of the inputs changes what a run takes by more than this share, some inputs are drawn once more.
REDRAWN_BEYOND = 0.05
NS_PER_MS = 1e6
# Shorter than any.
RUN_MS_LEAST = 1e-6


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


def warm_up(
    case: Case, runnables: Mapping[str, Runnable], count: int, rng: random.Random, meanwhile: Callable[[], None] = nothing
) -> tuple[Warmth, Section]:
    """`count` runs of each side, not counted. `meanwhile`: as Case.run_timed has it."""
    slots = Slots(random.Random(rng.getrandbits(256)))
    sides = [side for _ in range(max(WARMUP_LEAST, count)) for side in runnables]
    runs = [TimedRun(side, 1, None, None, slots.take()) for side in sides]
    start = time.monotonic_ns()
    times = case.run_timed(runs, runnables, rng, meanwhile)
    run_ms = (time.monotonic_ns() - start) / NS_PER_MS / len(times)
    # The fastest: one slow first run must not hide that a plan is short enough to be batched.
    return Warmth(min(times), run_ms), Section(runs, times, case.seed)


def warm_up_runs(rules: TimingRules, launch_ns: float) -> int:
    """As many as the rules ask for, but of what is very slow, which warms the device by itself, no more than WARMUP_SHARE of a case's budget holds.
    `launch_ns`: what its check took."""
    affordable = int(WARMUP_SHARE * rules["caseBudgetMs"] * NS_PER_MS / launch_ns)
    return min(rules["warmupRuns"], max(WARMUP_LEAST, affordable))


def witness(case: Case, baseline: Runnable, rng: random.Random) -> float:
    """Nanoseconds that the baseline takes just now."""
    return min(case.run_timed([TimedRun("baseline", case.batch, None, None)] * WITNESS_RUNS, {"baseline": baseline}, rng))


def alone(case: Case, baseline: Runnable, rng: random.Random) -> float:
    """Nanoseconds that the baseline takes while no program has a process."""
    times = case.run_timed([TimedRun("baseline", case.batch, None, None)] * (WARMUP_LEAST + RUNS_LEAST), {"baseline": baseline}, rng)
    return median(sorted(times[WARMUP_LEAST:]))


class Conditions(NamedTuple):
    rules: TimingRules
    warmth: Warmth
    rng: random.Random
    # Of the case's hard inputs.
    deck: Deck = NO_HARD_INPUTS
    # Asked after every chunk, of which the first is short then, whether the section is over.
    until: Optional[Callable[[Section], bool]] = None

    def beside(self, case: Case, others: Mapping[str, Runnable], meanwhile: Callable[[], None] = nothing) -> "Conditions":
        """For one side that is warm together with `others`, which are warmed up here: their first runs are slow, and all of them cost time."""
        found, _ = warm_up(case, others, WARMUP_LEAST, self.rng, meanwhile)
        run_ms = (self.warmth.run_ms + len(others) * found.run_ms) / (1 + len(others))
        return self._replace(warmth=self.warmth._replace(run_ms=run_ms))

    def after(self, spent_ms: float) -> "Conditions":
        """What is left of the case's budget."""
        left_ms = max(0.0, self.rules["caseBudgetMs"] - spent_ms)
        return self._replace(rules={**self.rules, "caseBudgetMs": left_ms})

    def counted(self, run_ms: float) -> "Conditions":
        """With what a counted run costs, which nobody can choose as freely as a warm-up's."""
        return self._replace(warmth=self.warmth._replace(run_ms=run_ms))


class FirstChunk:
    """The first chunk of a section, planned while the device works on something else, before it is known what a run costs. What is drawn is drawn for
    this section alone, and thrown away where it turns out to be another. `seed`: of the inputs that will be in place; `control`: the side that will
    have a few runs alone, if any will."""

    def __init__(self, case: Case, sides: Sequence[str], drawn: "Drawn", seed: int, strict: bool, control: Optional[str] = None) -> None:
        self._about, self._case = (list(sides), case.batch, seed, strict), case
        self._seed: Optional[int] = seed
        self._deck, self._dealt_before = drawn.deck, drawn.deck.state
        conditions = Conditions(drawn.rules, Warmth(1.0, RUN_MS_LEAST), drawn.rng)
        self.groups = next_groups(sides, 0, 0.0, conditions)
        self.plan = section_plan(case, sides, drawn, seed, strict)
        self.runs = self.plan.chunk(self.groups)
        # As it is where runs of `control` take no longer than the candidate's.
        self._controlled = with_controls(self.runs, control, controls_for(self.groups, True, 1.0), drawn.rng) if control else None
        self._control = control

    def is_of(self, case: Case, sides: Sequence[str], conditions: "Conditions", strict: bool) -> bool:
        """False where the section is another, or cannot be so long."""
        fits = self.groups <= _affordable(sides, 0.0, conditions) and conditions.until is None
        return fits and self.is_about(case, sides, strict)

    def is_about(self, case: Case, sides: Sequence[str], strict: bool) -> bool:
        return self._about == (list(sides), case.batch, case.seed, strict)

    def with_controls(self, control: str, count: int, rng: random.Random) -> list[TimedRun]:
        if self._controlled is not None and (control, count) == (self._control, len(self._controlled) - len(self.runs)):
            return self._controlled
        return with_controls(self.runs, control, count, rng)

    def take_seed(self, case: Case) -> Optional[int]:
        """Once, and for that case."""
        seed = self._seed if case is self._case else None
        if seed is not None:
            self._seed = None
        return seed

    def put_back(self) -> None:
        """What was dealt was not met."""
        self._deck.state = self._dealt_before


class Drawn(NamedTuple):
    """What the runs of a section are drawn by."""

    rules: TimingRules
    rng: random.Random
    deck: Deck


def section_plan(case: Case, sides: Sequence[str], drawn: Drawn, seed: int, strict: bool) -> SectionPlan:
    return SectionPlan(sides, case.batch, Freshness(drawn.rng, strict, case.draw_bias > REDRAWN_BEYOND, seed, drawn.deck))


class HowTimed(NamedTuple):
    """`strict`: fresh inputs before every run. `control`: one of the sides that gets a few runs alone, beyond those that the rules ask for.
    `first`: its first chunk, where that was planned already. `meanwhile`: told what will have run, while the device works on it. `null`: the judge's
    own program, for runs that tell what holds others up."""

    strict: bool = False
    control: Optional[Control] = None
    first: Optional[FirstChunk] = None
    meanwhile: Callable[[Ran], None] = lambda _ran: None
    null: Optional[Runnable] = None


def time_sides(case: Case, runnables: Mapping[str, Runnable], conditions: Conditions, how: HowTimed) -> Section:
    """Times the sides together; the first is under suspicion. `case` is armed and drawn."""
    control, rules, rng = how.control, conditions.rules, conditions.rng
    sides = [side for side in runnables if control is None or side != control.side]
    all_sides = {**runnables, NULL: how.null} if how.null else runnables
    first = _fitting(how.first, case, sides, conditions, how.strict)
    plan = first.plan if first else section_plan(case, sides, Drawn(rules, rng, conditions.deck), case.seed, how.strict)
    start = time.monotonic_ns()
    section = Section([], [], case.seed)
    while True:
        elapsed_ms = (time.monotonic_ns() - start) / NS_PER_MS
        own = section.ran.count(sides)
        if section.runs:
            conditions = conditions.counted(elapsed_ms / len(section.runs))
        groups = first.groups if first and not section.runs else next_groups(sides, own, elapsed_ms, conditions)
        if groups == 0 or (section.runs and (narrow_enough(section, sides, rules) or (conditions.until and conditions.until(section)))):
            return section
        planned = first if not section.runs else None
        chunk = planned.runs if planned else plan.chunk(groups)
        if control is not None:
            count = control.runs(groups, not section.runs, conditions)
            chunk = planned.with_controls(control.side, count, rng) if planned else with_controls(chunk, control.side, count, rng)
        chunk = with_nulls(chunk, rng) if how.null else chunk
        ran = section.with_runs(chunk)
        # The run before, one of `sides`, is not counted: the device has been idle since the last chunk, and one alone would pay.
        lead = [TimedRun(rng.choice(sorted(sides)), case.batch, None, None)] if len(runnables) > 1 else []
        times = case.run_timed([*lead, *chunk], all_sides, rng, partial(how.meanwhile, ran))[len(lead) :]
        section = section.followed_by(ran, times, case.gaps()[-len(chunk) :])


def _fitting(first: Optional[FirstChunk], case: Case, sides: Sequence[str], conditions: Conditions, strict: bool) -> Optional[FirstChunk]:
    if first is None or first.is_of(case, sides, conditions, strict):
        return first
    first.put_back()
    return None


def next_groups(sides: Sequence[str], runs_done: int, elapsed_ms: float, conditions: Conditions) -> int:
    """Groups of the next chunk: runsMin and a few first, then about half as many again; fewer where the budget ends, 0 when all is spent."""
    rules, size, per_side = conditions.rules, group_size(sides), group_size(sides) // len(sides)
    done = runs_done // size * per_side
    least = -(-RUNS_LEAST // per_side)
    groups = -(-min(_wanted(rules["runsMin"], done, conditions.rng), rules["runsMax"] - done) // per_side)
    affordable = _affordable(sides, elapsed_ms, conditions)
    if done == 0:
        groups = least if conditions.until else max(min(groups, affordable), least)
    return max(0, min(groups, affordable if done else groups, RUNS_PER_CHUNK_MAX // size))


def _affordable(sides: Sequence[str], elapsed_ms: float, conditions: Conditions) -> int:
    """Groups for which the case's budget lasts."""
    return int((conditions.rules["caseBudgetMs"] - elapsed_ms) / (conditions.warmth.run_ms * group_size(sides)))


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
    if len(section.ran.counted) < GROUPS_LEAST * group_size(sides):
        return False
    return all(relative_half_width(section.ratios(other, sides[0], sides)) <= target for other in sides[1:])
