"""Two copies of one kernel must come out alike, whatever the device does to single runs or did when the baseline was timed."""
import random
import sys
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge import measuring
from kiln_runner.judge.measuring import GROUPS_LEAST, Conditions, Control, HowTimed, Warmth, time_sides
from kiln_runner.judge.schedule import CONTROLS_LEAST, RUNS_LEAST, TimedRun, controls_for, group_size
from kiln_runner.judge.screening import bears_out
from kiln_runner.judge.section import Section
from kiln_runner.judge.statistics import Interval, timing_statistics
from kiln_runner.judge.steadiness import finds_inputs_spoilt

RULES = {"runsMin": 20, "runsMax": 100, "targetRelativeCi": 0.002, "caseBudgetMs": 250, "warmupRuns": 2}
SIDES = ["candidate", "baseline"]
SECTIONS = 40


class PlayedCase:
    """A kernel of 60 us: normal noise, and what is asked for on top of it, as shares."""

    batch, seed, draw_bias = 1, 0, 0.01

    def __init__(
        self,
        seed: int,
        *,
        noise: float = 0.004,
        fresh: float = 0.0,
        first: float = 0.0,
        outliers: float = 0.0,
        drift: float = 0.0,
        behind: float = 0.0,
    ) -> None:
        self._rng = random.Random(seed)
        self._noise, self._fresh, self._first, self._outliers, self._drift = noise, fresh, first, outliers, drift
        # A run behind one of the candidate takes longer by this share.
        self._behind = behind
        self.runs: list[TimedRun] = []

    def run_timed(self, runs: Sequence[TimedRun], _runnables: Mapping[str, str], _rng: random.Random, _meanwhile: object) -> list[float]:
        self.runs += runs
        before = ["", *(run.side for run in runs)]
        return [self._time(number, run) * (1 + self._behind * (side == "candidate")) for number, (run, side) in enumerate(zip(runs, before))]

    def gaps(self) -> Sequence[float]:
        return ()

    def _time(self, number: int, run: TimedRun) -> float:
        more = (self._fresh if run.seed is not None else 0) + (self._first if number == 0 else 0) + number * self._drift
        spike = self._rng.random() / 2 if self._rng.random() < self._outliers else 0
        return 60_000 * (1 + self._rng.gauss(0, self._noise)) * (1 + more) * (1 + spike)


def section(case: PlayedCase, seed: int, sides: Sequence[str] = SIDES) -> Section:
    conditions = Conditions(RULES, Warmth(60_000, 0.15), random.Random(seed))
    return time_sides(case, {side: side for side in sides}, conditions, HowTimed())


def ratios(**device: float) -> list[Interval]:
    return [section(PlayedCase(seed, **device), seed).ratios("baseline", "candidate", SIDES) for seed in range(SECTIONS)]


class Clocked(PlayedCase):
    """Whose baseline takes 12 ms, by a clock of its own."""

    def __init__(self) -> None:
        super().__init__(1)
        self.now_ns = 0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def _time(self, number: int, run: TimedRun) -> float:
        time_ns = super()._time(number, run) * (200 if run.side == "baseline" else 1)
        self.now_ns += int(time_ns)
        return time_ns


class TwoCopies(unittest.TestCase):
    def assert_alike(self, found: list[Interval]) -> None:
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
        found = section(case, 1)
        self.assertEqual(set(found.times), {60_000})
        self.assertIn(len(case.runs) - len(found.runs), (1, 2, 3), "one in each chunk")

    def test_what_a_side_leaves_behind_for_the_next_run_counts_against_nobody(self) -> None:
        """A candidate that fills a cache or draws much power, so that whoever comes next is slower, the baseline or itself."""
        for behind in (0.02, 0.05):
            middles = [ratio.middle for ratio in ratios(behind=behind)]
            self.assertLess(abs(sum(middles) / len(middles) - 1), 0.003, behind)

    def test_a_side_alone_is_timed_without_runs_more_than_before(self) -> None:
        case = PlayedCase(1, noise=0)
        self.assertEqual(len(section(case, 1, ["candidate"]).runs), len(case.runs))
        self.assertIn(len(case.runs) - RULES["runsMin"], (0, 1, 2))

    def test_no_pair_ends_with_a_few_groups_that_look_alike(self) -> None:
        runs = section(PlayedCase(1, noise=0), 1).runs
        self.assertGreaterEqual(len(runs), GROUPS_LEAST * group_size(SIDES))


class Screening(unittest.TestCase):
    """A baseline that takes 60 us, like the candidate."""

    def held(self, seed: int, rules: dict, known_ns: float, **device: float) -> bool:
        conditions = Conditions({**RULES, **rules}, Warmth(60_000, 0.15), random.Random(seed))
        timed = time_sides(PlayedCase(seed, **device), both(), conditions, HowTimed(control=Control("baseline", known_ns)))
        known = {"medianNs": known_ns, "ciLowNs": known_ns * 0.999, "ciHighNs": known_ns * 1.001}
        return bears_out(timed.control_ratios("baseline", "candidate"), known, timing_statistics(timed.of("candidate"), 1))

    def share(self, rules: dict, known_ns: float, **device: float) -> float:
        """Of screenings in which the remembered time held."""
        return sum(self.held(seed, rules, known_ns, **device) for seed in range(SECTIONS)) / SECTIONS

    def test_a_remembered_time_that_the_controls_bear_out_counts(self) -> None:
        for noise in (0.001, 0.004, 0.02):
            for runs in (20, 100):
                self.assertGreaterEqual(self.share({"runsMin": runs, "runsMax": runs}, 60_000, noise=noise), 0.85, (noise, runs))

    def test_one_that_they_contradict_does_not(self) -> None:
        for wrong in (0.97, 0.98, 1.02, 1.03):
            self.assertLessEqual(self.share({"runsMin": 20, "runsMax": 20}, 60_000 * wrong), 0.1, wrong)

    def test_half_a_percent_off_is_as_near_as_screenings_are(self) -> None:
        self.assertEqual([self.share({"runsMin": 100}, 60_000 * off, noise=0.0002) for off in (1.004, 1.008)], [1, 0])

    def test_however_much_the_runs_vary_a_time_far_off_does_not_hold(self) -> None:
        self.assertLessEqual(self.share({"runsMin": 20, "runsMax": 20}, 72_000, outliers=0.1), 0.15)
        self.assertLessEqual(self.share({"runsMin": 20, "runsMax": 20}, 72_000, noise=0.04), 0.15)

    def test_controls_are_compared_with_the_runs_beside_them(self) -> None:
        """A clock that falls all along. The remembered time is of the middle of the section."""
        rules = {"runsMin": 100, "runsMax": 100, "targetRelativeCi": 1e-9}
        self.assertEqual([self.share(rules, 60_000 * off, noise=0.001, drift=0.002) for off in (1, 1.108)], [0, 1])
        timed = time_sides(
            PlayedCase(1, noise=0, drift=0.002), both(), Conditions({**RULES, **rules}, Warmth(60_000, 0.15), random.Random(1)),
            HowTimed(control=Control("baseline", 60_000)),
        )
        found = timed.control_ratios("baseline", "candidate")
        self.assertTrue(0.99 < found.low <= found.high < 1.01, found)

    def test_a_slow_baseline_costs_no_more_than_the_candidate_or_the_fewest_runs_that_say_anything(self) -> None:
        self.assertEqual([controls_for(100, True, cost) for cost in (1, 12, 14, 1000)], [8, 8, 7, CONTROLS_LEAST])
        self.assertEqual([controls_for(runs, False, 1) for runs in (10, 50, 100)], [1, 4, 8])

    def test_controls_come_on_top_of_the_runs_that_the_rules_ask_for(self) -> None:
        conditions = Conditions({**RULES, "targetRelativeCi": 1e-9}, Warmth(60_000, 0.15), random.Random(1))
        timed = time_sides(PlayedCase(1), both(), conditions, HowTimed(control=Control("baseline", 60_000)))
        self.assertEqual(len(timed.of("candidate")), RULES["runsMax"])
        # One more in each later chunk, of 8 to 15 runs.
        self.assertTrue(5 <= len(timed.of("baseline")) - CONTROLS_LEAST <= 10, len(timed.of("baseline")))

    def test_there_are_none_where_they_or_the_candidate_would_use_up_the_budget(self) -> None:
        usual = Conditions(RULES, Warmth(60_000, 0.15), random.Random(1))
        slow = usual._replace(warmth=Warmth(32e6, 32))
        self.assertTrue(Control("baseline", 20e6).is_affordable(usual))
        self.assertFalse(Control("baseline", 21e6).is_affordable(usual))
        self.assertFalse(Control("baseline", 60_000).is_affordable(slow))

    def test_who_sleeps_in_the_warm_up_is_not_timed_without_controls(self) -> None:
        control, asleep = Control("baseline", 60_000), Conditions(RULES, Warmth(60_000, RULES["caseBudgetMs"]), random.Random(1))
        self.assertFalse(control.is_affordable(asleep))
        alone = time_sides(PlayedCase(1), {"candidate": "candidate"}, asleep, HowTimed())
        self.assertTrue(control.is_missing(alone, asleep, 0.15 * len(alone.runs)))
        self.assertFalse(control.is_missing(alone, asleep, RULES["caseBudgetMs"] * len(alone.runs)), "it is as slow as that")

    def test_pairs_with_a_side_that_is_many_times_slower_keep_to_what_is_left_of_the_budget(self) -> None:
        for spent_ms, runs in ((0, (12, 24)), (249, (RUNS_LEAST, RUNS_LEAST))):
            case = Clocked()
            with mock.patch.object(measuring.time, "monotonic_ns", case.monotonic_ns):
                conditions = Conditions(RULES, Warmth(60_000, 0.06), random.Random(1)).after(spent_ms)
                timed = time_sides(case, both(), conditions.beside(case, {"baseline": "baseline"}), HowTimed())
            self.assertEqual(len(timed.of("baseline")), len(timed.of("candidate")))
            self.assertTrue(runs[0] <= len(timed.of("baseline")) <= runs[1], len(timed.of("baseline")))


class Spoiling(unittest.TestCase):
    """A candidate that changes the inputs after its run and changes them back in its next: the baseline's runs between find other inputs."""

    def test_a_baseline_that_is_slower_on_inputs_that_lay_there_than_on_fresh_ones_tells(self) -> None:
        found = section(PlayedCase(1, noise=0.01), 1)
        self.assertFalse(finds_inputs_spoilt(found, "baseline", 0.01))
        for slow, every in ((1.1, 1), (1.5, 2)):
            numbers = [n for n, run in enumerate(found.runs) if run.side == "baseline" and run.seed is None][::every]
            slowed = [time * (slow if n in numbers else 1) for n, time in enumerate(found.times)]
            self.assertTrue(finds_inputs_spoilt(found._replace(times=slowed), "baseline", 0.01), (slow, every))
            self.assertFalse(finds_inputs_spoilt(found._replace(times=slowed), "candidate", 0.01))


def both() -> dict[str, str]:
    return {side: side for side in SIDES}


if __name__ == "__main__":
    unittest.main()
