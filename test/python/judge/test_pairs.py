"""Two copies of one kernel must come out alike, whatever the device does to single runs or did when the baseline was timed."""
import random
import sys
import time
import unittest
from pathlib import Path
from typing import List, Mapping, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.measuring import GROUPS_LEAST, Conditions, Control, Section, Warmth, time_sides  # noqa: E402
from kiln_runner.judge.schedule import CONTROLS_FEWEST, CONTROLS_LEAST, TimedRun, controls_for, group_size  # noqa: E402
from kiln_runner.judge.screening import screened  # noqa: E402
from kiln_runner.judge.statistics import Interval  # noqa: E402

RULES = {"runsMin": 20, "runsMax": 100, "targetRelativeCi": 0.002, "caseBudgetMs": 250, "warmupRuns": 2}
SIDES = ["candidate", "baseline"]
SECTIONS = 40


class PlayedCase:
    """A kernel of 60 us: normal noise, and what is asked for on top of it, as shares."""

    batch = 1

    def __init__(
        self, seed: int, *, noise: float = 0.004, fresh: float = 0.0, first: float = 0.0, outliers: float = 0.0, drift: float = 0.0
    ) -> None:
        self._rng = random.Random(seed)
        self._noise, self._fresh, self._first, self._outliers, self._drift = noise, fresh, first, outliers, drift
        self.runs: List[TimedRun] = []

    def run_timed(self, runs: Sequence[TimedRun], _runnables: Mapping[str, str], _rng: random.Random) -> List[float]:
        self.runs += runs
        return [self._time(number, run) for number, run in enumerate(runs)]

    def _time(self, number: int, run: TimedRun) -> float:
        more = (self._fresh if run.seed is not None else 0) + (self._first if number == 0 else 0) + number * self._drift
        spike = self._rng.random() / 2 if self._rng.random() < self._outliers else 0
        return 60_000 * (1 + self._rng.gauss(0, self._noise)) * (1 + more) * (1 + spike)


def section(case: PlayedCase, seed: int, sides: Sequence[str] = SIDES) -> Section:
    conditions = Conditions(RULES, Warmth(60_000, 0.15), random.Random(seed))
    return time_sides(case, {side: side for side in sides}, conditions, strict=False)


def ratios(**device: float) -> List[Interval]:
    return [section(PlayedCase(seed, **device), seed).ratios("baseline", "candidate", SIDES) for seed in range(SECTIONS)]


class SlowBaseline(PlayedCase):
    """Of 12 ms, and the runs take their time."""

    def __init__(self) -> None:
        super().__init__(1)
        self.elapsed_ms = 0.0

    def _time(self, number: int, run: TimedRun) -> float:
        time_ns = super()._time(number, run) * (200 if run.side == "baseline" else 1)
        time.sleep(time_ns / 1e9)
        self.elapsed_ms += time_ns / 1e6
        return time_ns


class TwoCopies(unittest.TestCase):
    def assert_alike(self, found: List[Interval]) -> None:
        middle = sum(ratio.middle for ratio in found) / len(found)
        self.assertLess(abs(middle - 1), 0.0005)
        held = sum(ratio.low <= 1 <= ratio.high for ratio in found)
        self.assertGreaterEqual(held, 0.85 * len(found), "intervals that hold 1")

    def test_runs_that_take_longer_on_fresh_inputs_count_against_nobody(self) -> None:
        self.assert_alike(ratios(fresh=0.01))

    def test_outliers_count_against_nobody(self) -> None:
        self.assert_alike(ratios(outliers=0.03))

    def test_the_first_run_after_a_pause_is_not_counted(self) -> None:
        case = PlayedCase(1, noise=0, first=0.5)
        self.assertEqual(set(section(case, 1).times), {60_000})
        self.assertEqual(len(case.runs), len(section(PlayedCase(1, noise=0), 1).runs) + 2, "one in each of two chunks")

    def test_a_side_alone_is_timed_without_runs_more_than_before(self) -> None:
        case = PlayedCase(1, noise=0)
        self.assertEqual(len(section(case, 1, ["candidate"]).runs), len(case.runs))
        self.assertEqual(len(case.runs), RULES["runsMin"])

    def test_no_pair_ends_with_a_few_groups_that_look_alike(self) -> None:
        runs = section(PlayedCase(1, noise=0), 1).runs
        self.assertEqual(len(runs), GROUPS_LEAST * group_size(SIDES))


class Screening(unittest.TestCase):
    """A baseline that takes 60 us, like the candidate."""

    def screened(self, seed: int, rules: dict, known_ns: float, **device: float) -> Optional[Interval]:
        conditions = Conditions({**RULES, **rules}, Warmth(60_000, 0.15), random.Random(seed))
        control = Control("baseline", known_ns)
        timed = time_sides(PlayedCase(seed, **device), {side: side for side in SIDES}, conditions, strict=False, control=control)
        return screened(timed, {"medianNs": known_ns, "ciLowNs": known_ns * 0.999, "ciHighNs": known_ns * 1.001}, 1)

    def all(self, rules: dict, known_ns: float, **device: float) -> List[Interval]:
        """Of those screenings in which the remembered time held."""
        found = [self.screened(seed, rules, known_ns, **device) for seed in range(SECTIONS)]
        return [speedup for speedup in found if speedup is not None]

    def test_a_remembered_time_that_the_controls_bear_out_counts(self) -> None:
        for noise in (0.001, 0.004, 0.02):
            for runs in (20, 100):
                found = self.all({"runsMin": runs, "runsMax": runs}, 60_000, noise=noise)
                self.assertGreaterEqual(len(found), 0.9 * SECTIONS)
                self.assertTrue(all(abs(speedup.middle - 1) < max(0.005, noise) for speedup in found))

    def test_one_that_they_contradict_does_not(self) -> None:
        for wrong in (0.97, 1.03):
            self.assertLessEqual(len(self.all({"runsMin": 20, "runsMax": 20}, 60_000 * wrong)), 0.1 * SECTIONS)

    def test_half_a_percent_off_is_as_near_as_screenings_are(self) -> None:
        self.assertEqual(len(self.all({"runsMin": 100}, 60_000 * 1.003, noise=0.0005)), SECTIONS)
        self.assertEqual(len(self.all({"runsMin": 100}, 60_000 * 1.01, noise=0.0005)), 0)

    def test_one_slow_run_bears_out_no_wrong_time(self) -> None:
        self.assertLessEqual(len(self.all({"runsMin": 20, "runsMax": 20}, 72_000, outliers=0.1)), 0.15 * SECTIONS)

    def test_a_clock_that_falls_all_along_is_no_contradiction_until_the_times_differ(self) -> None:
        """The controls are compared with the runs beside them. The remembered time is of the clock at the section's start."""
        rules = {"runsMin": 100, "runsMax": 100, "targetRelativeCi": 1e-9}
        self.assertEqual(len(self.all(rules, 60_000 * 1.05, noise=0.001, drift=0.001)), SECTIONS)
        self.assertEqual(len(self.all(rules, 60_000, noise=0.001, drift=0.001)), 0)

    def test_a_slow_baseline_costs_no_more_than_the_candidate_or_the_fewest_runs_that_say_anything(self) -> None:
        self.assertEqual([controls_for(100, True, cost, 99) for cost in (1, 12, 14, 1000)], [8, 8, 7, CONTROLS_LEAST])
        self.assertEqual([controls_for(runs, False, 1, 99) for runs in (10, 50, 100)], [1, 4, 8])
        self.assertEqual([controls_for(100, True, 100, most) for most in (5, 1, 0)], [5, CONTROLS_FEWEST, CONTROLS_FEWEST])

    def test_pairs_with_a_side_that_is_many_times_slower_keep_to_the_budget(self) -> None:
        case = SlowBaseline()
        conditions = Conditions(RULES, Warmth(60_000, 0.06), random.Random(1)).beside(case, {"baseline": "baseline"})
        timed = time_sides(case, {side: side for side in SIDES}, conditions, strict=False)
        self.assertEqual(len(timed.of("baseline")), len(timed.of("candidate")))
        self.assertLess(case.elapsed_ms, 1.5 * RULES["caseBudgetMs"])


if __name__ == "__main__":
    unittest.main()
