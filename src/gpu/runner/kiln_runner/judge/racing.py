"""Whether a candidate can still come near the front of its ranking: if it cannot, it is stopped early. Pure.

What is known of a case bounds what the candidate can come to there: before anything of it was timed the case's floor, then its warm-up, some of
its runs, all of them. Each says more than the one before, and takes its place. A bound has to hold for all that makes a candidate look slow and
passes: a first launch, a slow phase, a device whose clocks are still rising. The last is seen by the baseline, timed in the same moment (the
witness). Reasons and margins: docs/adr/0017-racing.md.
"""
import math
from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, Optional

from kiln_runner import protocol
from kiln_runner.protocol_outcomes import CaseTiming, Stopped, StoppedAfter, TimingStatistics

from .facts import Facts
from .measured import Measured
from .schedule import PAIRED_BELOW_NS
from .screening import OFF_MAX
from .section import Section
from .statistics import median, timing_statistics

# What the fastest of some runs is beyond the median of all: of a warm-up; of runs that count.
WARM_SLACK = 2.0
# Of n runs that count by 1 + this / n, and by no more than RUNS_SLACK_MOST: slow phases may last for many.
RUNS_SLACK, RUNS_SLACK_MOST = 4.0, 1.25
# What the interval of a whole case does not hold: a remembered baseline may be off by as much as controls let pass.
CASE_SLACK = 1 + OFF_MAX
# Of one launch in a check: what a first launch costs the host, which the device waits for.
LAUNCH_NS = 300_000.0
# By what it is slower than others for a guess.
LAUNCH_ABOUT = 1.3
# Of a short warm-up, that of a candidate whose check launches say that it is lost: two runs are enough of what is very slow.
SHORT_WARM_UP = 2
SHORT_SLACK = 3.0


class Seen(NamedTuple):
    """Of one case: the time that is likely, and what neither its median will be below nor its speed-up above."""

    about_ns: float
    least_ns: float
    speedup_most: float

    def slowed(self, slow: float) -> "Seen":
        """Where the device was so many times slower than usual."""
        return Seen(self.about_ns / slow, self.least_ns / slow, self.speedup_most * slow)


class Race:
    """`baselines`: what is remembered of every bench case, in the problem's order."""

    def __init__(self, wanted: protocol.Race, baselines: Mapping[str, TimingStatistics]) -> None:
        self._speedup, self._time_ns, self._floors = wanted["speedup"], wanted["timeNs"], wanted["leastNs"]
        self._baselines = baselines
        self._launches: dict[str, float] = {}
        self._by_checks: dict[str, float] = {}
        self._seen: dict[str, Seen] = {}
        # Cases left after a few runs: another one may show sooner that nothing is left to reach. Where none does, they are timed to the end.
        self._suspended: set[str] = set()
        self.left: Optional[str] = None
        # Once there is nothing left to reach.
        self.stopped: Optional[Stopped] = None

    # --- what was seen

    def saw_check(self, case: str, launch_ns: float, cold_factor: float) -> None:
        """`cold_factor`: how many times the median of the same code a first launch takes. Nobody is stopped by what one launch took: it says
        where to look first, and how long."""
        self._launches[case] = launch_ns
        self._seen[case] = Seen(launch_ns / LAUNCH_ABOUT, 0.0, math.inf)
        self._by_checks[case] = max(0.0, launch_ns - LAUNCH_NS) / cold_factor

    def warm_up_runs(self, usual: int) -> int:
        """Few of who is lost by what its check launches took."""

        def checked(name: str) -> Seen:
            bound = self._bound(name)
            least_ns = max(bound.least_ns, self._by_checks[name])
            return Seen(bound.about_ns, least_ns, min(bound.speedup_most, self._baseline_ns(name) / least_ns))

        return min(usual, SHORT_WARM_UP) if self._is_out_of_reach(checked) else usual

    def saw_warm_up(self, case: str, times: Sequence[float]) -> None:
        fastest_ns = min(times)
        slack = WARM_SLACK if len(times) > SHORT_WARM_UP else SHORT_SLACK
        # What one execution alone takes says little of plans that are timed several at a time.
        self._saw(case, fastest_ns, fastest_ns / slack if fastest_ns >= PAIRED_BELOW_NS else 0.0)

    def saw_runs(self, case: str, times: Sequence[float], baseline: Sequence[float]) -> None:
        """Of the candidate, and of the baseline among them."""
        if not times or not baseline:
            return
        slack, beside_ns = min(RUNS_SLACK_MOST, 1 + RUNS_SLACK / len(times)), median(sorted(baseline))
        least_ns = min(times) / slack
        slow = self.slowness(case, beside_ns)
        self._seen[case] = Seen(median(sorted(times)), least_ns / slow, max(beside_ns, self._baseline_ns(case)) / least_ns)

    def saw_case(self, case: str, measured: Measured) -> None:
        """Timed to the end. What contradicts itself says nothing."""
        if self.stopped:
            return
        self._seen.pop(case, None)
        if measured.is_steady:
            about_ns, least_ns = measured.candidate["medianNs"], measured.candidate["ciLowNs"]
            self._seen[case] = Seen(about_ns, least_ns / CASE_SLACK, measured.speedup.high * CASE_SLACK)
        if self.is_lost():
            self.stop("case", case)

    def _saw(self, case: str, about_ns: float, least_ns: float) -> None:
        self._seen[case] = Seen(about_ns, least_ns, self._baseline_ns(case) / least_ns if least_ns else math.inf)

    def slowness(self, case: str, baseline_ns: float) -> float:
        """How many times as long as it is remembered the baseline takes now; never less than 1."""
        return max(1.0, baseline_ns / self._baseline_ns(case))

    def saw_witness(self, case: str, baseline_ns: float) -> None:
        """The baseline, timed right behind the candidate's warm-up: a device that is slow just now was slow then."""
        slow = self.slowness(case, baseline_ns)
        self._seen = {name: seen.slowed(slow) for name, seen in self._seen.items()}

    # --- what follows from it

    def is_lost(self) -> bool:
        """Neither the speed-up nor the time can come as far as is needed."""
        return self._is_out_of_reach(self._bound)

    def is_likely_lost(self, cases: Sequence[str]) -> bool:
        """It would be if these went on as they look."""

        def looks(name: str) -> Seen:
            bound = self._bound(name)
            if name not in cases or name not in self._seen:
                return bound
            about_ns = max(self._seen[name].about_ns, bound.least_ns)
            return Seen(about_ns, about_ns, min(self._baseline_ns(name) / about_ns, bound.speedup_most))

        return self._is_out_of_reach(looks)

    def until_lost(self, case: str, others: Sequence[str]) -> Optional[Callable[[Section], bool]]:
        """Ends a section in which nothing is left to reach, or after which one of `others`, which are still to come, will show that. None for who
        does not look like it: its first chunk is as long as ever."""
        self.left = None
        if not self.is_likely_lost([case, *others]):
            return None

        def is_over(section: Section) -> bool:
            self.saw_runs(case, section.of("candidate"), section.of("baseline"))
            if self.is_lost():
                self.stop("runs", case)
            elif others and case not in self._suspended and self.is_likely_lost([case, *others]):
                self._suspended.add(case)
                self.left = case
            return self.stopped is not None or self.left is not None

        return is_over

    def stop(self, after: StoppedAfter, case: str) -> None:
        bounds = [self._bound(name) for name in self._baselines]
        self.stopped = {
            "after": after,
            "case": case,
            "speedupMost": _geometric_mean([bound.speedup_most for bound in bounds]),
            "timeLeastNs": _geometric_mean([bound.least_ns for bound in bounds]),
            "needed": {"speedup": self._speedup, "timeNs": self._time_ns},
        }

    def gain(self, case: str) -> float:
        """How much of what can be reached this case would take, for the time of a run: what tells most for its cost is timed first."""
        about_ns = self._launches[case]
        return max(0.0, math.log(self._bound(case).speedup_most * about_ns / self._baseline_ns(case))) / about_ns

    def timing(self, case: str) -> CaseTiming:
        """Of a case that was not timed: by the launch that checked it. The interval is as wide to both sides as a launch may be off."""
        launch_ns, baseline = self._launches[case], self._baselines[case]
        speedup = baseline["medianNs"] / launch_ns
        most = max(speedup, self._bound(case).speedup_most)
        return {
            "case": case,
            "candidate": timing_statistics([launch_ns], 1),
            "baseline": baseline,
            "method": "cached",
            "speedup": speedup,
            "speedupLow": speedup * speedup / most,
            "speedupHigh": most,
            "inputs": "sampled",
        }

    def _is_out_of_reach(self, of: Callable[[str], Seen]) -> bool:
        seen = [of(name) for name in self._baselines]
        speedup = _geometric_mean([one.speedup_most for one in seen])
        return speedup < self._speedup and _geometric_mean([one.least_ns for one in seen]) > self._time_ns

    def _bound(self, case: str) -> Seen:
        floor_ns, baseline_ns = self._floors[case], self._baseline_ns(case)
        seen = self._seen.get(case, Seen(floor_ns, 0.0, math.inf))
        return Seen(seen.about_ns, max(floor_ns, seen.least_ns), min(baseline_ns / floor_ns, seen.speedup_most))

    def baseline(self, case: str) -> TimingStatistics:
        return self._baselines[case]

    def _baseline_ns(self, case: str) -> float:
        return self._baselines[case]["medianNs"]


def entered(task: protocol.JudgeTask, facts: Facts, cases: Sequence[str]) -> Optional[Race]:
    """None for who is timed to the end: also where a baseline's time is not known, so that it is remembered then."""
    wanted, age_ms_max = task.get("race"), task["timing"]["baselineAgeMsMax"]
    if not wanted:
        return None
    known = {case: facts.slowest_baseline(case, age_ms_max) for case in cases}
    baselines = {case: statistics for case, statistics in known.items() if statistics}
    return Race(wanted, baselines) if len(baselines) == len(cases) else None


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))
