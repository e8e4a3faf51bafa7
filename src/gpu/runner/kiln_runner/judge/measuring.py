"""How long does a side take: warm-up, timed runs until the interval is narrow enough, and proof that no run lived on an earlier one."""
import random
import time
from typing import List, Mapping, NamedTuple, Optional, Sequence

from .checking import TimedOutputs
from .device import Case, Runnable
from .schedule import CONTROLS_LEAST, RUNS_LEAST, Freshness, TimedRun, controls_for, group_size, plan_chunk, split_fresh, with_controls
from .statistics import Interval, centre, interval, median, relative_half_width

# A section whose runs on fresh inputs are slower than its others by this much is measured again with fresh inputs before every run.
# Honest kernels differ by well under a percent; whoever trips it by chance loses nothing but time.
STALE_RATIO_MAX = 1.10
STALE_DIFFERENCE_NS = 1_000.0
# The problem's own baseline beside a candidate: slower by this much on inputs that have been there for some runs, it does not find them as drawn.
SPOILT_RATIO_MAX = 1.05
WARMUP_LEAST = 2
RUNS_PER_CHUNK_MAX = 256
# With fewer groups a lucky draw looks narrow enough.
GROUPS_LEAST = 8
# Of a candidate's runs, those that a baseline run among them is compared with: two of each launch phase (gpu/timing.py).
RUNS_AROUND = 8
NS_PER_MS = 1e6


class Section(NamedTuple):
    """Timed runs in the order they were made, and their nanoseconds of one execution."""

    runs: List[TimedRun]
    times: List[float]

    @property
    def outputs(self) -> TimedOutputs:
        kept = next(run for run in self.runs if run.keep is not None)
        last = next(run for run in reversed(self.runs) if run.seed is not None)
        return TimedOutputs(kept.seed, kept.keep, last.seed)

    def of(self, side: str) -> List[float]:
        return [time for run, time in zip(self.runs, self.times) if run.side == side]

    def ratios(self, numerator: str, denominator: str, sides: Sequence[str]) -> Interval:
        """Of the two sides' medians in each group: what drifts over the section cancels within a group, and a run with an outlier drops out."""
        size = group_size(sides)
        ratios = []
        for at in range(0, len(self.runs), size):
            group = list(zip(self.runs[at : at + size], self.times[at : at + size]))
            middle = {side: median(sorted(t for run, t in group if run.side == side)) for side in (numerator, denominator)}
            ratios.append(middle[numerator] / middle[denominator])
        return centre(ratios)

    def control_ratios(self, control: str, side: str) -> Interval:
        """Of each run of `control` to those of `side` that were nearest to it: a clock that moves in the section moves both."""
        own = [number for number, run in enumerate(self.runs) if run.side == side]
        ratios, after = [], 0
        for number, run in enumerate(self.runs):
            if run.side == side:
                after += 1
            elif run.side == control:
                low = max(0, min(after - RUNS_AROUND // 2, len(own) - RUNS_AROUND))
                around = median(sorted(self.times[n] for n in own[low : low + RUNS_AROUND]))
                ratios.append(self.times[number] / around)
        return centre(ratios)


class Control(NamedTuple):
    """A side that is timed now and then among the runs of another, and how long it is known to take."""

    side: str
    time_ns: float

    def is_affordable(self, conditions: "Conditions") -> bool:
        """The fewest that say anything take no more than half of a case's budget, and the other side keeps to it."""
        budget_ms = conditions.rules["caseBudgetMs"]
        return CONTROLS_LEAST * self.time_ns <= budget_ms / 2 * NS_PER_MS and RUNS_LEAST * conditions.warmth.run_ms <= budget_ms

    def runs(self, among: int, is_first: bool, conditions: "Conditions") -> int:
        return controls_for(among, is_first, self.time_ns / conditions.warmth.single_ns)


class Warmth(NamedTuple):
    """What the warm-up learned: nanoseconds of one execution, milliseconds of wall clock that a run costs with all around it."""

    single_ns: float
    run_ms: float


def warm_up(case: Case, runnables: Mapping[str, Runnable], rules: dict, rng: random.Random) -> Warmth:
    """A few runs of the given sides, not counted."""
    runs = max(WARMUP_LEAST, rules["warmupRuns"])
    start = time.monotonic_ns()
    times = case.run_timed([TimedRun(side, 1, None, None) for _ in range(runs) for side in runnables], runnables, rng)
    run_ms = (time.monotonic_ns() - start) / NS_PER_MS / len(times)
    # The fastest: one slow first run must not hide that a plan is short enough to be batched.
    return Warmth(min(times), run_ms)


class Conditions(NamedTuple):
    rules: dict
    warmth: Warmth
    rng: random.Random

    def beside(self, case: Case, others: Mapping[str, Runnable]) -> "Conditions":
        """For one side that is warm together with `others`, which are warmed up here: their first runs are slow, and all of them cost time."""
        found = warm_up(case, others, {"warmupRuns": WARMUP_LEAST}, self.rng)
        run_ms = (self.warmth.run_ms + len(others) * found.run_ms) / (1 + len(others))
        return self._replace(warmth=self.warmth._replace(run_ms=run_ms))

    def after(self, spent_ms: float) -> "Conditions":
        """What is left of the case's budget."""
        left_ms = max(0.0, self.rules["caseBudgetMs"] - spent_ms)
        return self._replace(rules={**self.rules, "caseBudgetMs": left_ms})


def lives_on_stale_inputs(section: Section, side: str) -> bool:
    """True when runs on inputs the side has seen are suspiciously faster than runs on fresh ones."""
    fresh, stale = split_fresh(section.runs, section.times, side)
    if not fresh or not stale:
        return False
    # The fastest of them: a kernel that must work on fresh inputs is slow in all, a preempted one in some.
    slow, fast = min(fresh), median(sorted(stale))
    return slow > STALE_RATIO_MAX * fast and slow - fast > STALE_DIFFERENCE_NS


def finds_inputs_spoilt(section: Section, side: str) -> bool:
    """True when a side that is trusted is slower on inputs that another worked on since they were drawn, which changes them and changes them back."""
    fresh, stale = split_fresh(section.runs, section.times, side)
    # As the ratios are made up: what slows four runs in ten moves it, and would not move the median.
    return bool(fresh and stale) and centre(stale).middle > SPOILT_RATIO_MAX * centre(fresh).middle


def time_sides(
    case: Case, runnables: Mapping[str, Runnable], conditions: Conditions, strict: bool, control: Optional[Control] = None
) -> Section:
    """Times the sides together; the first is under suspicion. `strict`: fresh inputs before every run. `control`: one of the sides that gets a
    few runs alone, beyond those that the rules ask for. `case` is armed and drawn."""
    sides, rules, rng = [side for side in runnables if control is None or side != control.side], conditions.rules, conditions.rng
    start = time.monotonic_ns()
    runs: List[TimedRun] = []
    times: List[float] = []
    while True:
        elapsed_ms = (time.monotonic_ns() - start) / NS_PER_MS
        groups = next_groups(sides, sum(run.side in sides for run in runs), elapsed_ms, conditions)
        if groups == 0 or (runs and narrow_enough(Section(runs, times), sides, rules)):
            return Section(runs, times)
        chunk = plan_chunk(sides, groups, case.batch, Freshness(rng, strict, keep=not runs))
        if control is not None:
            chunk = with_controls(chunk, control.side, control.runs(len(chunk), not runs, conditions), rng)
        times += _timed(case, chunk, runnables, sides, rng)
        runs += chunk


def _timed(case: Case, chunk: List[TimedRun], runnables: Mapping[str, Runnable], sides: Sequence[str], rng: random.Random) -> List[float]:
    """Of several sides the run before, one of `sides`, is not counted: the device has been idle since the last chunk, and one alone would pay."""
    lead = [TimedRun(rng.choice(sorted(sides)), case.batch, None, None)] if len(runnables) > 1 else []
    return case.run_timed([*lead, *chunk], runnables, rng)[len(lead) :]


def next_groups(sides: Sequence[str], runs_done: int, elapsed_ms: float, conditions: Conditions) -> int:
    """Groups of the next chunk: runsMin first, then half as many again; fewer where the budget ends, 0 when all is spent."""
    rules, size, per_side = conditions.rules, group_size(sides), group_size(sides) // len(sides)
    done = runs_done // size * per_side
    least = -(-RUNS_LEAST // per_side)
    wanted = rules["runsMin"] if done == 0 else max(RUNS_LEAST, rules["runsMin"] // 2)
    groups = -(-min(wanted, rules["runsMax"] - done) // per_side)
    affordable = int((rules["caseBudgetMs"] - elapsed_ms) / (conditions.warmth.run_ms * size))
    if done == 0:
        groups = max(min(groups, affordable), least)
    return max(0, min(groups, affordable if done else groups, RUNS_PER_CHUNK_MAX // size))


def narrow_enough(section: Section, sides: Sequence[str], rules: dict) -> bool:
    """Of a pair the ratio counts, of one side alone its median."""
    if len(section.of(sides[0])) < rules["runsMin"]:
        return False
    target = rules["targetRelativeCi"]
    if len(sides) == 1:
        return relative_half_width(interval(section.of(sides[0]))) <= target
    if len(section.runs) < GROUPS_LEAST * group_size(sides):
        return False
    return all(relative_half_width(section.ratios(other, sides[0], sides)) <= target for other in sides[1:])
