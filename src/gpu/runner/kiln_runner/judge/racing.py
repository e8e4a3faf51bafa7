"""Whether a candidate can still come near the front of its ranking: if it cannot, it is stopped early. Pure.

What is known of a case bounds what the candidate can come to there: before anything of it was timed the case's floor, then the launch that
checked it, its warm-up, some of its runs, all of them. Each says more than the one before, and takes its place. A bound has to hold for
all that makes a candidate look slow and passes: a first launch, a slow phase, a device whose clocks are still rising. The last is seen by the
baseline, timed in the same moment (the witness). Reasons and margins: docs/adr/0017-racing.md.
"""
import math
from collections.abc import Mapping, Sequence
from typing import Callable, Literal, NamedTuple, Optional

from kiln_runner import protocol
from kiln_runner.protocol_outcomes import Stopped, TimingStatistics

from .statistics import Interval, median

# What is counted for no more than so many times the median of the same code: the fastest run of a warm-up, of the first runs that count.
WARM_SLACK = 2.0
RUNS_SLACK = 1.25
# What the whole case's interval does not hold: humps that changed their shares, and the warm-up of the next case.
CASE_SLACK = 1.03
# Of one launch in a check: what a first launch costs the host, which the device waits for.
LAUNCH_NS = 300_000.0
# Fewer runs of a warm-up than these say nothing: they may all be first ones.
WARM_LEAST = 3
# Baseline runs of a witness.
WITNESS_RUNS = 2


class Seen(NamedTuple):
    """Of one case: the time that is likely, and what neither its median will be below nor its speed-up above."""

    about_ns: float
    least_ns: float
    speedup_most: float


class Race:
    """`wanted`: a Race of the protocol. `baselines`: the TimingStatistics that are remembered of every bench case."""

    def __init__(self, wanted: protocol.Race, baselines: Mapping[str, TimingStatistics]) -> None:
        self._speedup, self._time_ns = wanted["speedup"], wanted["timeNs"]
        self._floors: Mapping[str, float] = wanted["leastNs"]
        self.baselines = baselines
        self._seen: dict[str, Seen] = {}
        # A Stopped of the protocol, once there is nothing left to reach.
        self.stopped: Optional[Stopped] = None

    # --- what was seen

    def saw_check(self, case: str, launch_ns: float, cold_factor: float) -> None:
        """`cold_factor`: how many times the median of the same code a first launch takes at most."""
        self._saw(case, launch_ns, max(0.0, launch_ns - LAUNCH_NS) / cold_factor)

    def saw_warm_up(self, case: str, times: Sequence[float]) -> None:
        if len(times) >= WARM_LEAST:
            self._saw(case, min(times), min(times) / WARM_SLACK)

    def saw_runs(self, case: str, times: Sequence[float], baseline: Sequence[float]) -> None:
        """Of the candidate, and of the baseline among them."""
        if not times or not baseline:
            return
        least_ns, beside_ns = min(times) / RUNS_SLACK, median(sorted(baseline))
        slow = self.slowness(case, beside_ns)
        self._seen[case] = Seen(median(sorted(times)), least_ns / slow, max(beside_ns, self._baseline_ns(case)) / least_ns)

    def saw_case(self, case: str, least_ns: float, speedup: Interval) -> None:
        """`least_ns`: the lower end of its median's interval."""
        about_ns = self._baseline_ns(case) / speedup.middle
        self._seen[case] = Seen(about_ns, least_ns / CASE_SLACK, speedup.high * CASE_SLACK)

    def _saw(self, case: str, about_ns: float, least_ns: float) -> None:
        self._seen[case] = Seen(about_ns, least_ns, self._baseline_ns(case) / least_ns if least_ns else math.inf)

    def slowness(self, case: str, baseline_ns: float) -> float:
        """How many times as long as it is remembered the baseline takes now; never less than 1."""
        return max(1.0, baseline_ns / self._baseline_ns(case))

    def slowed(self, cases: Sequence[str], slow: float) -> None:
        """The device was so many times slower than usual when these were seen."""
        for case in cases:
            about_ns, least_ns, most = self._seen[case]
            self._seen[case] = Seen(about_ns / slow, least_ns / slow, most * slow)

    def forget(self, case: str) -> None:
        """What was seen of it contradicts itself."""
        self._seen.pop(case, None)

    # --- what follows from it

    def is_lost(self) -> bool:
        """Neither the speed-up nor the time can come as far as is needed."""
        return self._is_out_of_reach(self._bound)

    def is_likely_lost(self, case: str) -> bool:
        """It would be if this case went on as it looks."""

        def looks(name: str) -> Seen:
            bound = self._bound(name)
            if name != case or name not in self._seen:
                return bound
            about_ns = max(self._seen[name].about_ns, bound.least_ns)
            return Seen(about_ns, about_ns, min(self._baseline_ns(name) / about_ns, bound.speedup_most))

        return self._is_out_of_reach(looks)

    def stop(self, after: Literal["check", "warm_up", "runs", "case"], case: str) -> None:
        bounds = [self._bound(name) for name in self.baselines]
        self.stopped = {
            "after": after,
            "case": case,
            "speedupMost": _geometric_mean([bound.speedup_most for bound in bounds]),
            "timeLeastNs": _geometric_mean([bound.least_ns for bound in bounds]),
            "needed": {"speedup": self._speedup, "timeNs": self._time_ns},
        }

    def order(self, cases: Sequence[str]) -> list[str]:
        """What tells most for its cost comes first: by what its check launch says it would take from what can be reached, for the time of a run."""

        def gain(name: str) -> float:
            seen, bound = self._seen.get(name), self._bound(name)
            if seen is None:
                return 0.0
            return max(0.0, math.log(bound.speedup_most * seen.about_ns / self._baseline_ns(name))) / seen.about_ns

        return sorted(cases, key=lambda name: (-gain(name), self._baseline_ns(name)))

    def bounds(self, case: str, launch_ns: float) -> Interval:
        """The speed-up of a case of which one launch is known, and between what it lies as far as is known."""
        baseline_ns = self._baseline_ns(case)
        middle, most = baseline_ns / launch_ns, self._bound(case).speedup_most
        return Interval(middle, min(middle, most) ** 2 / max(middle, most), max(middle, most))

    def _is_out_of_reach(self, of: Callable[[str], Seen]) -> bool:
        seen = [of(name) for name in self.baselines]
        speedup = _geometric_mean([one.speedup_most for one in seen])
        return speedup < self._speedup and _geometric_mean([one.least_ns for one in seen]) > self._time_ns

    def _bound(self, case: str) -> Seen:
        floor_ns, baseline_ns = self._floors[case], self._baseline_ns(case)
        seen = self._seen.get(case, Seen(floor_ns, 0.0, math.inf))
        return Seen(seen.about_ns, max(floor_ns, seen.least_ns), min(baseline_ns / floor_ns, seen.speedup_most))

    def _baseline_ns(self, case: str) -> float:
        return self.baselines[case]["medianNs"]


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))
