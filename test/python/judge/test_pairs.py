"""Two copies of one kernel must come out alike, whatever the device does to single runs or did when the baseline was timed."""
import random
import sys
import unittest
from pathlib import Path
from typing import List, Mapping, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.measuring import GROUPS_LEAST, Conditions, Control, Section, Warmth, time_sides  # noqa: E402
from kiln_runner.judge.schedule import CONTROLS_LEAST, TimedRun, controls_for, group_size  # noqa: E402
from kiln_runner.judge.screening import SHARP_CONTROLS_LEAST, Screened, screened  # noqa: E402
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

    def screened(self, seed: int, rules: dict, known_ns: float, **device: float) -> Optional[Screened]:
        conditions = Conditions({**RULES, **rules}, Warmth(60_000, 0.15), random.Random(seed))
        control = Control("baseline", known_ns / 60_000)
        timed = time_sides(PlayedCase(seed, **device), {side: side for side in SIDES}, conditions, strict=False, control=control)
        return screened(timed, {"medianNs": known_ns, "ciLowNs": known_ns * 0.999, "ciHighNs": known_ns * 1.001}, 1)

    def all(self, rules: dict, known_ns: float, **device: float) -> List[Optional[Screened]]:
        return [self.screened(seed, rules, known_ns, **device) for seed in range(SECTIONS)]

    def assert_mostly(self, found: List[Optional[Screened]], method: Optional[str]) -> None:
        same = sum((one.method if one else None) == method for one in found)
        self.assertGreaterEqual(same, 0.85 * len(found), [one and one.method for one in found])

    def test_a_remembered_time_that_a_few_runs_bear_out_counts(self) -> None:
        found = self.all({"runsMin": 20, "runsMax": 20}, 60_000)
        self.assert_mostly(found, "cached")
        self.assertTrue(all(abs(one.speedup.middle - 1) < 0.005 for one in found if one))

    def test_one_that_they_contradict_does_not(self) -> None:
        for wrong in (0.97, 1.03):
            self.assert_mostly(self.all({"runsMin": 20, "runsMax": 20}, 60_000 * wrong), None)

    def test_one_slow_run_bears_out_no_wrong_time(self) -> None:
        self.assert_mostly(self.all({"runsMin": 20, "runsMax": 20}, 72_000, outliers=0.1), None)

    def test_runs_that_agree_among_themselves_count_alone_whatever_was_remembered(self) -> None:
        for remembered in (60_000, 66_000):
            found = self.all({"runsMin": 100}, remembered, noise=0.002)
            self.assert_mostly(found, "controlled")
            self.assertTrue(all(abs(one.speedup.middle - 1) < 0.005 for one in found if one))
            self.assertTrue(all(one.baseline["runs"] >= SHARP_CONTROLS_LEAST for one in found if one and one.method == "controlled"))

    def test_a_clock_that_falls_all_along_moves_both_sides(self) -> None:
        found = self.all({"runsMin": 100, "targetRelativeCi": 1e-9}, 60_000, noise=0.001, drift=0.002)
        self.assert_mostly(found, "controlled")
        self.assertTrue(all(abs(one.speedup.middle - 1) < 0.005 for one in found if one))

    def test_a_slow_baseline_costs_no_more_than_the_candidate_or_the_fewest_runs_that_say_anything(self) -> None:
        self.assertEqual([controls_for(100, cost, True) for cost in (1, 12, 20, 1000)], [8, 8, 5, CONTROLS_LEAST])
        self.assertEqual([controls_for(runs, 1, False) for runs in (10, 50, 100)], [1, 4, 8])


if __name__ == "__main__":
    unittest.main()
