"""What a kernel that has read the judge gains: kernels that cheat against the judge's own schedule, sampling and statistics."""
import math
import random
import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner")]
import played_kernels as kernels  # noqa: E402
from played_kernels import Played, Strategy, play  # noqa: E402

from kiln_runner.judge.sampling import DRAWN_CONFIRMING, DRAWN_SCREENING, SLOTS, Sample, Slots, draw_proofs, draws_to_confirm  # noqa: E402
from kiln_runner.judge.schedule import TimedRun  # noqa: E402
from kiln_runner.judge.section import Section  # noqa: E402
from kiln_runner.judge.steadiness import lives_on_memory  # noqa: E402

TRIALS = 60
# Of so many screenings may be deceived; a confirmation never.
SLIPS_MAX = 4
SKIPPING = (
    kernels.late_skip,
    kernels.late_skip_at_once,
    kernels.coin_flip_bursts,
    kernels.every_third,
    kernels.one_in_five_by_chance,
    kernels.one_in_ten_by_count,
    kernels.only_late,
    kernels.after_enough_right_ones,
    kernels.learns_the_gaps,
    kernels.fresh_in_the_second_chunk,
    kernels.remembers_and_hides,
)
REMEMBERING = (
    kernels.remembers,
    kernels.remembers_with_a_slow_one,
    kernels.remembers_now_and_then,
    *(kernels.remembers_a_little(share) for share in (0.005, 0.01, 0.03, 0.09)),
)


def trials(strategy: Strategy, count: int = TRIALS, **how: object) -> list[Played]:
    return [play(strategy, seed, **how) for seed in range(count)]


class WorkThatWasNotDone(unittest.TestCase):
    def test_a_screening_is_survived_as_seldom_as_sixteen_draws_allow(self) -> None:
        for strategy in SKIPPING:
            for cached in (False, True):
                with self.subTest(strategy.__name__, cached=cached):
                    played = trials(strategy, cached=cached)
                    # Of those that left out nothing in what was counted nothing can be found.
                    wrong = [one for one in played if one.wrong_share > 0]
                    allowed = sum((1 - one.wrong_share) ** DRAWN_SCREENING for one in wrong)
                    survived = sum(not one.found for one in wrong)
                    # Three standard deviations of chance.
                    self.assertLessEqual(survived, allowed + 3 * (allowed**0.5 + 0.3))

    def test_who_is_honest_only_when_timed_again_is_found_by_what_it_wrote_before(self) -> None:
        for strategy in (kernels.after_enough_right_ones, kernels.late_skip):
            for cached in (False, True):
                again = [one for one in trials(strategy, cached=cached) if one.measured.is_strict]
                self.assertTrue(again)
                self.assertGreater(sum(one.found for one in again), 0.9 * len(again), strategy.__name__)

    def test_no_confirmation_is_survived(self) -> None:
        for strategy in SKIPPING:
            with self.subTest(strategy.__name__):
                self.assertEqual([one.found for one in trials(strategy, 30, confirms=True) if one.wrong_share >= 0.2].count(False), 0)

    def test_of_a_batch_every_replica_counts(self) -> None:
        self.assertTrue(all(one.found for one in trials(kernels.skips_one_replica, batch=8)))
        self.assertGreater(sum(one.found for one in trials(kernels.skips_a_random_replica, batch=8)), 0.9 * TRIALS)

    def test_honest_kernels_are_never_found_wrong(self) -> None:
        for how in ({}, {"cached": True}, {"confirms": True}, {"batch": 8}):
            self.assertFalse(any(one.found for one in trials(kernels.honest, **how)), how)


class DrawnRuns(unittest.TestCase):
    """Runs and inputs as a kernel that knows everything but the draw would have them at best."""

    def survival(self, wrong: list[int], inputs: list[int], least: int, count: int) -> float:
        ran = [(seed, Sample(slot, 1)) for slot, seed in enumerate(inputs)]
        rng, survived = random.Random(len(wrong)), 0
        for _ in range(count):
            proven = {sample.slot for proof in draw_proofs(ran, 1, least, rng) for sample in proof.samples}
            survived += proven.isdisjoint(wrong)
        return survived / count

    def test_wherever_a_share_of_the_runs_is_wrong_it_is_found_as_often_as_it_must(self) -> None:
        count = 2000
        for runs, share in ((20, 0.05), (20, 0.2), (100, 0.03), (100, 0.1), (100, 0.2)):
            for inputs in (list(range(runs)), [0] * (runs // 2) + list(range(1, 1 + runs - runs // 2))):
                found = self.survival(list(range(runs - int(share * runs), runs)), inputs, DRAWN_SCREENING, count)
                self.assertLessEqual(found, (1 - share) ** DRAWN_SCREENING + 3 * (0.25 / count) ** 0.5, (runs, share))

    def test_a_fifth_of_a_confirmation_is_never_missed(self) -> None:
        for runs in (40, 44, 100, 200, 1000):
            draws, wrong = draws_to_confirm(runs, 1), -(-runs // 5)
            missed = math.comb(runs - wrong, draws) / math.comb(runs, draws)
            self.assertLessEqual(missed, 1e-6, runs)
            self.assertLessEqual(draws, DRAWN_CONFIRMING)
        self.assertLess(0.8 ** draws_to_confirm(40, 8), 1e-6)
        self.assertEqual(self.survival(list(range(160, 200)), list(range(200)), draws_to_confirm(200, 1), 2000), 0)

    def test_each_replica_is_drawn_at_least_twice(self) -> None:
        ran = [(seed, Sample(seed, 1)) for seed in range(50)]
        for batch in (1, 2, 8, 16):
            proofs = draw_proofs(ran, batch, DRAWN_SCREENING, random.Random(batch))
            each = [sum(proof.replica == replica for proof in proofs) for replica in range(batch)]
            self.assertGreaterEqual(min(each), 2)
            self.assertLessEqual(sum(each), max(DRAWN_SCREENING, 2 * batch))

    def test_of_a_section_with_more_runs_than_slots_each_keeps_its_sample_as_likely_as_any_other(self) -> None:
        kept = [0, 0, 0]
        for seed in range(30):
            slots, holders = Slots(random.Random(seed)), {}
            for number in range(3 * SLOTS):
                holders[slots.take().slot] = number
            holders.pop(SLOTS, None)
            self.assertEqual(len(holders), SLOTS)
            for number in holders.values():
                kept[number // SLOTS] += 1
        self.assertTrue(all(0.95 < count / (10 * SLOTS) < 1.05 for count in kept), kept)


class TimeThatWasBought(unittest.TestCase):
    def test_what_is_remembered_gains_no_more_than_the_interval_that_is_shown(self) -> None:
        """A 95 % interval may miss now and then. Who remembers now and then slips through some screenings, and through no confirmation."""
        for strategy in REMEMBERING:
            for cached in (False, True):
                played = trials(strategy, cached=cached)
                with self.subTest(strategy.__name__, cached=cached):
                    self.assertFalse(any(one.found for one in played), "it is right")
                    self.assertGreater(sum(one.explained for one in played), 0.9 * TRIALS)
                    self.assertLessEqual(sum(one.bought >= 1.03 for one in played), SLIPS_MAX)

    def test_what_pays_more_than_a_little_is_timed_with_new_inputs_before_every_run(self) -> None:
        for strategy in (kernels.remembers, kernels.remembers_with_a_slow_one, kernels.remembers_a_little(0.03)):
            self.assertGreater(sum(one.measured.is_strict for one in trials(strategy)), 0.9 * TRIALS)

    def test_honest_kernels_are_hardly_ever_timed_again_and_their_intervals_hold(self) -> None:
        for cached in (False, True):
            played = trials(kernels.honest, 200, cached=cached)
            self.assertLessEqual(sum(one.measured.is_strict for one in played), 4)
            self.assertGreater(sum(one.explained and one.measured.speedup.high >= 1 for one in played), 0.93 * 200)

    def test_few_runs_against_few_prove_nothing(self) -> None:
        """Three against three: all of one kind are slower than all of the other once in twenty sections."""
        rng = random.Random(5)
        noisy = [[1e5 * (1 + rng.gauss(0, 0.02)) for _ in range(26)] for _ in range(400)]
        sections = [self.by_inputs(times[:3], times[3:6], times[6:]) for times in noisy]
        self.assertLess(sum(lives_on_memory(section, "candidate", 0.002) for section in sections), 8)

    @staticmethod
    def by_inputs(new: list[float], redrawn: list[float], left: list[float]) -> Section:
        """The candidate alone: on inputs that were never there before, on the same drawn again, and on such as were left."""
        runs = [TimedRun("candidate", 1, seed, None) for seed in [*range(1, 1 + len(new)), *[len(new)] * len(redrawn), *[None] * len(left)]]
        return Section(runs, [*new, *redrawn, *left])

    def test_a_confirmation_leaves_nothing_to_remember(self) -> None:
        for strategy in REMEMBERING:
            self.assertTrue(all(abs(one.bought - 1) < 0.004 for one in trials(strategy, 20, confirms=True)))

    def test_a_minority_of_fast_groups_buys_nothing_and_is_told(self) -> None:
        played = trials(kernels.fast_groups)
        self.assertLess(sorted(one.bought for one in played)[TRIALS // 2], 1.05)
        self.assertGreater(sum("humps" in one.measured.candidate for one in played), 0.9 * TRIALS)

    def test_a_baseline_whose_inputs_are_spoilt_buys_nothing(self) -> None:
        for spoils in (1.05, 1.2, 2.0):
            self.assertLessEqual(sum(one.bought >= 1.02 for one in trials(kernels.honest, spoils=spoils)), SLIPS_MAX, spoils)


if __name__ == "__main__":
    unittest.main()
