"""Whole judgements of candidates that are raced, played on a device that only takes time: by the judge's own checks, schedule and statistics.

A device takes for a run what the side's code takes in this case, and what passes: launches that are first ones, noise, humps that stay for some
runs, a clock that is still rising when the judgement begins, and a baseline that was remembered a little off.
"""
import math
import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, NamedTuple, Optional, cast

from kiln_runner.judge.bench import Bench, Following
from kiln_runner.judge.device import nothing
from kiln_runner.judge.facts import Facts
from kiln_runner.judge.judgement import Judgement
from kiln_runner.judge.outcomes import Findings
from kiln_runner.judge.schedule import NULL, TimedRun
from kiln_runner.judge.statistics import timing_statistics
from kiln_runner.judge.stopwatch import Stopwatch
from kiln_runner.protocol import JudgeTask, Race, TimingRules
from kiln_runner.protocol_outcomes import Passed

SIDES = ("candidate", "baseline", "reference")
# Between two runs: draws, samples, the flush.
GAP_NS = 60_000.0
RULES: TimingRules = {
    "method": "cached", "warmupRuns": 5, "runsMin": 20, "runsMax": 100, "targetRelativeCi": 0.002, "caseBudgetMs": 1e9, "baselineAgeMsMax": 1e9,
}


class Conduct(NamedTuple):
    """How the device behaves. Shares are of a run."""

    noise: float = 0.004
    # Runs of a side are slower by `hump`, in stretches of `stretch` runs on average, `hump_share` of the time.
    hump: float = 0.0
    hump_share: float = 0.0
    stretch: float = 1.0
    # So many times slower at the beginning of the judgement; half of it is gone after `ramp_ns`.
    ramp: float = 1.0
    ramp_ns: float = 1e6
    # A first launch of a side in a case.
    first: float = 1.0
    # Now and then a run takes much longer.
    outliers: float = 0.0
    # What the baseline is remembered with, in what it takes.
    remembered: float = 1.0


class Kernels(NamedTuple):
    """Nanoseconds of each side in each bench case."""

    candidate: Mapping[str, float]
    baseline: Mapping[str, float]

    def speedup(self) -> float:
        logs = [math.log(self.baseline[case] / self.candidate[case]) for case in self.baseline]
        return math.exp(sum(logs) / len(logs))

    def time_ns(self) -> float:
        return math.exp(sum(math.log(ns) for ns in self.candidate.values()) / len(self.candidate))


class PlayedTime:
    def __init__(self, kernels: Kernels, conduct: Conduct, rng: random.Random) -> None:
        self._kernels, self._conduct, self._rng = kernels, conduct, rng
        self._now_ns, self._known = 0.0, set[tuple[str, str]]()
        self._is_slow = {side: rng.random() < conduct.hump_share for side in SIDES}
        # The candidate's, as they were made: (case, whether it was timed).
        self.launches: list[tuple[str, bool]] = []

    def launch(self, side: str, case: str, is_timed: bool = True) -> float:
        if side in ("reference", NULL):
            return 1.0
        if side == "candidate":
            self.launches.append((case, is_timed))
        conduct, rng = self._conduct, self._rng
        if rng.random() < 1 / conduct.stretch:
            self._is_slow[side] = rng.random() < conduct.hump_share
        ramp = 1 + (conduct.ramp - 1) * 0.5 ** (self._now_ns / conduct.ramp_ns)
        first = 1.0 if (side, case) in self._known else conduct.first
        self._known.add((side, case))
        own = (self._kernels.candidate if side == "candidate" else self._kernels.baseline)[case]
        taken = own * (1 + rng.gauss(0, conduct.noise)) * (1 + conduct.hump * self._is_slow[side]) * ramp * first
        if rng.random() < conduct.outliers:
            taken *= rng.uniform(1.5, 4)
        self._now_ns += taken + GAP_NS
        return max(1.0, taken)


class PlayedCase:
    """Everything is right: only times are played."""

    batch, draw_bias, cold_factor, seed = 1, 0.002, 4.0, 0
    hard_names: Sequence[str] = ()

    def __init__(self, name: str, time: PlayedTime) -> None:
        self.name, self._time, self._executed = name, time, 1.0

    def bind(self, side: str, *_: object) -> str:
        return side

    def draw(self, seed: int) -> None:
        self.seed = seed

    def execute(self, side: str) -> None:
        self._executed = self._time.launch(side, self.name, False)

    def executed_ns(self) -> float:
        return self._executed

    def findings(self) -> Findings:
        return Findings(None, None, [])

    def run_timed(self, runs: Sequence[TimedRun], _runnables: object, _rng: object, meanwhile: Callable[[], None] = nothing) -> list[float]:
        meanwhile()
        for run in runs:
            self.seed = self.seed if run.seed is None else run.seed
        return [self._time.launch(run.side, self.name) for run in runs]

    def gaps(self) -> Sequence[float]:
        return ()

    def _nothing(self, *_: object) -> None:
        return None

    arm = poison = inspect = snapshot = expect = compare = announce = compare_samples = wipe = ask_findings = _nothing


class QuietDevice:
    """What of a device has nothing to do with its cases."""

    def constants(self, _programs: Iterable[object]) -> bytes:
        return b""

    def replicas_max(self, _spec: object) -> int:
        return 1

    def is_busy(self) -> bool:
        return True

    def telemetry(self) -> None:
        return None


class PlayedDevice(QuietDevice):
    def __init__(self, time: PlayedTime) -> None:
        self._time, self._cases = time, dict[str, PlayedCase]()

    def open_case(self, _problem: object, spec: Mapping[str, Any], *_: object) -> PlayedCase:
        return self._cases.setdefault(spec["name"], PlayedCase(spec["name"], self._time))

    def keeps_open(self, *_: object) -> bool:
        return False


class PlayedLock:
    @contextmanager
    def _held(self, *_: object) -> Iterator[None]:
        yield

    shared = exclusive = _held


class Played(NamedTuple):
    outcome: Passed
    # Of the candidate, its check launches left out.
    runs: int
    # Cases of which runs were timed.
    cases: int

    @property
    def is_stopped(self) -> bool:
        return "stopped" in self.outcome


USUAL = Conduct()


def play(kernels: Kernels, race: Optional[Race], seed: int, conduct: Conduct = USUAL, candidate: Optional[Any] = None, **task_has: Any) -> Played:
    """One judgement, from its checks on. `candidate`: its program; `task_has`: fields of the task."""
    rng = random.Random(seed)
    time = PlayedTime(kernels, conduct, random.Random(rng.random()))
    facts, plan = Facts(), {"launches": [], "scratch": {}}
    for case, baseline_ns in kernels.baseline.items():
        facts.trust(case)
        facts.remember_baseline(case, 1, timing_statistics([baseline_ns * conduct.remembered * share for share in (0.999, 1, 1.001)], 1))
    specs = [{"name": case, "kind": "bench", "tensors": [], "reference": plan, "baseline": plan} for case in kernels.baseline]
    definition = {"name": "played", "tolerance": {"rtol": 0, "atol": 0, "relative_l2": 1}, "cases": specs}
    problem = SimpleNamespace(
        definition=definition, facts=facts, programs=[], plan=lambda *_: plan, trusted=lambda side, _case, _spec: side,
        yardstick=lambda *_: "reference", is_verified=False,
        sides=["reference", "baseline"], is_timed_alone=False, changed=lambda: None, refuse_change=lambda: None,
    )
    task = {
        "artifact": "", "plans": dict.fromkeys(kernels.baseline, plan), "timing": RULES, "record": None, "limitMs": 60_000,
        **({"race": race} if race else {}), **task_has,
    }
    bench = Bench(
        cast(Any, PlayedDevice(time)), cast(Any, PlayedLock()), Path(tempfile.gettempdir()), Stopwatch(), lambda *_: None, rng,
        {"candidate": candidate or cast(Any, SimpleNamespace(close=lambda: None))}, Following(lambda: None, lambda: None),
    )
    outcome = Judgement(bench, cast(Any, problem), cast(JudgeTask, task)).run()
    timed = [case for case, is_timed in time.launches if is_timed]
    return Played(outcome, len(timed), len(set(timed)))


def race_for(kernels: Kernels, needed: float, floor_share: float) -> Race:
    """A front whose last is `needed` times as fast as the baseline in every case; floors are `floor_share` of what it takes."""
    times = {case: ns / needed for case, ns in kernels.baseline.items()}
    time_ns = math.exp(sum(math.log(ns) for ns in times.values()) / len(times))
    return {"speedup": needed, "timeNs": time_ns, "leastNs": {case: floor_share * ns for case, ns in times.items()}}
