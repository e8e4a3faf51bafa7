import math
import random
import sys
import unittest
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.schedule import (
    FRESH_RUNS,
    RUNS_LEAST,
    Freshness,
    SectionPlan,
    TimedRun,
    batch_for,
    batch_holds,
    group_order,
    group_size,
    inputs_of,
    with_controls,
)
from kiln_runner.judge.statistics import (
    PAIRED_MAX,
    centre,
    humps,
    interval,
    median,
    median_ranks,
    percentile,
    ratio_of_medians,
    shift,
    signed_rank,
    timing_statistics,
    trimmed_mean,
)


class Statistics(unittest.TestCase):
    def test_the_interval_of_the_median_covers_it_with_95_percent_and_no_wider_interval_of_ranks_is_needed(self) -> None:
        for count in (6, 7, 10, 20, 50, 99, 100, 400, 500):
            low, high = median_ranks(count)
            self.assertEqual(high, count - 1 - low)
            self.assertGreaterEqual(coverage(count, low), 0.95)
            self.assertLess(coverage(count, low + 1), 0.95)

    def test_many_runs_use_the_normal_approximation_and_still_cover(self) -> None:
        for count in (501, 1000):
            self.assertGreaterEqual(coverage(count, median_ranks(count)[0]), 0.95)

    def test_few_runs_have_the_extremes_as_interval(self) -> None:
        self.assertEqual(interval([3.0, 1.0, 2.0]), (2.0, 1.0, 3.0))

    def test_statistics_have_every_field_of_the_protocol_in_order_of_size(self) -> None:
        times = [float(n) for n in random.sample(range(100, 300), 100)]
        found = timing_statistics(times, 4)
        self.assertEqual((found["runs"], found["batch"]), (100, 4))
        self.assertLessEqual(found["minNs"], found["p10Ns"])
        self.assertLessEqual(found["p10Ns"], found["ciLowNs"])
        self.assertLessEqual(found["ciLowNs"], found["medianNs"])
        self.assertLessEqual(found["medianNs"], found["ciHighNs"])
        self.assertLessEqual(found["ciHighNs"], found["p95Ns"])

    def test_the_trimmed_mean_leaves_a_tenth_out_on_each_side(self) -> None:
        self.assertEqual(trimmed_mean([0.0] + [5.0] * 8 + [1000.0]), 5.0)

    def test_the_95th_percentile_of_100_values_is_the_95th(self) -> None:
        self.assertEqual(percentile([float(n) for n in range(1, 101)], 0.95), 95.0)

    def test_the_signed_ranks_interval_is_that_of_the_tables(self) -> None:
        self.assertEqual({count: signed_rank(count) for count in (1, 5, 6, 10, 20, 25, 30, 50)},
                         {1: 0, 5: 0, 6: 0, 10: 8, 20: 52, 25: 89, 30: 137, 50: 434})

    def test_the_centre_lies_in_its_interval_and_an_outlier_hardly_moves_it(self) -> None:
        values = [1 + n / 1000 for n in range(-5, 6)]
        self.assertAlmostEqual(centre(values).middle, 1.0)
        shifted = centre([*values[:-1], 2.0])
        self.assertLess(shifted.middle - 1, 0.001)
        self.assertLessEqual(shifted.low, shifted.middle)
        self.assertLessEqual(shifted.middle, shifted.high)
        self.assertEqual(centre([3.0]), (3.0, 3.0, 3.0))

    def test_no_minority_moves_the_centre_however_far_off_it_is(self) -> None:
        """The median of all pairwise means alone is moved as far as one likes by 29 % of the values."""
        rng = random.Random(1)
        for count in (8, 9, 20, 100):
            honest = [1 + rng.gauss(0, 0.002) for _ in range(count)]
            for share in (0.3, 0.4, 0.45):
                bought = [value * 13 if n < int(share * count) else value for n, value in enumerate(honest)]
                self.assertLess(centre(bought).middle, 1.005, (count, share))

    def test_values_that_spread_as_usual_are_all_counted(self) -> None:
        rng = random.Random(2)
        for _ in range(50):
            values = [rng.gauss(1, 0.002) for _ in range(20)]
            means = sorted((a + b) / 2 for n, a in enumerate(values) for b in values[n:])
            self.assertAlmostEqual(centre(values).middle, median(means))

    def test_the_interval_of_a_shift_holds_it_as_often_as_it_says(self) -> None:
        rng, held = random.Random(3), 0
        for _ in range(400):
            found = shift([rng.gauss(1.01, 0.004) for _ in range(6)], [rng.gauss(1, 0.004) for _ in range(90)], [1.96])[0]
            held += found.low <= 1.01 <= found.high
        self.assertGreater(held, 0.92 * 400)
        self.assertEqual(shift([2.0], [1.0], [1.96]), [(2.0, 2.0, 2.0)])

    def test_two_humps_are_seen_and_one_is_not_taken_for_two(self) -> None:
        rng = random.Random(4)
        two = sorted([rng.gauss(60, 0.2) for _ in range(30)] + [rng.gauss(70, 0.2) for _ in range(10)])
        found = humps(two)
        self.assertAlmostEqual(found["lowNs"], 60, delta=0.3)
        self.assertAlmostEqual(found["highNs"], 70, delta=0.3)
        self.assertEqual(found["lowShare"], 0.75)
        self.assertEqual(timing_statistics(two, 1)["humps"], found)
        ones = [humps(sorted(rng.gauss(60, noise) for _ in range(count))) for noise in (0.2, 0.6) for count in (8, 20, 100) for _ in range(50)]
        self.assertLess(sum(one is not None for one in ones), 6)
        self.assertNotIn("humps", timing_statistics([60.0, 60.1, 60.2, 75.0], 1))

    def test_of_very_many_values_the_median_is_taken(self) -> None:
        values = [float(n * n) for n in range(PAIRED_MAX + 1)]
        self.assertEqual(centre(values), interval(values))

    def test_a_speedup_takes_both_intervals_at_their_worst(self) -> None:
        slow = {"medianNs": 200.0, "ciLowNs": 190.0, "ciHighNs": 210.0}
        fast = {"medianNs": 100.0, "ciLowNs": 95.0, "ciHighNs": 105.0}
        self.assertEqual(ratio_of_medians(slow, fast), (2.0, 190.0 / 105.0, 210.0 / 95.0))


class Schedule(unittest.TestCase):
    def test_only_plans_under_ten_microseconds_are_batched_and_never_beyond_the_replicas(self) -> None:
        self.assertEqual(batch_for(10_000.0, 16), 1)
        self.assertEqual(batch_for(9_999.0, 16), 4)
        self.assertEqual(batch_for(2_000.0, 16), 16)
        self.assertEqual(batch_for(2_000.0, 5), 4)
        self.assertEqual(batch_for(100.0, 16), 16)

    def test_in_a_group_of_two_sides_each_falls_on_every_phase_of_four_runs_equally_often_and_drift_cancels(self) -> None:
        for in_a_row in (True, False):
            order = group_order(["a", "b"], in_a_row)
            positions = {side: [n for n, s in enumerate(order) if s == side] for side in ("a", "b")}
            self.assertEqual(sorted(n % 4 for n in positions["a"]), sorted(n % 4 for n in positions["b"]))
            self.assertEqual(sum(positions["a"]), sum(positions["b"]))
            self.assertEqual(len(order), group_size(["a", "b"]))

    def test_every_side_follows_each_equally_often_itself_too(self) -> None:
        for sides in (["a", "b"], ["a", "b", "c"]):
            follows = {(one, other): 0 for one in sides for other in sides}
            for seed in range(200):
                order = [run.side for run in plan(sides, 1, seed).chunk(12)]
                for pair in zip(order, order[1:]):
                    follows[pair] += 1
            mean = sum(follows.values()) / len(follows)
            self.assertTrue(all(abs(count / mean - 1) < 0.08 for count in follows.values()), follows)

    def test_copies_that_nobody_looks_at_are_as_often_behind_a_run_as_the_one_that_is_kept(self) -> None:
        """A kernel that sees the gap of a copy knows nothing of the runs to come."""
        kept = decoys = 0
        for seed in range(300):
            section = plan(["a", "b"], 4, seed)
            for groups in (6, 4):
                copied = [run for run in section.chunk(groups) if run.keep is not None or run.decoy is not None]
                self.assertTrue(all(run.side == "a" and (run.keep is None) != (run.decoy is None) for run in copied))
                self.assertTrue(copied)
                kept, decoys = kept + sum(run.keep is not None for run in copied), decoys + sum(run.decoy is not None for run in copied)
        self.assertGreater(decoys, kept)

    def test_a_chunk_ends_with_the_first_side_and_has_each_side_equally_often(self) -> None:
        for sides in (["a"], ["a", "b"], ["a", "b", "c"]):
            runs = plan(sides).chunk(12)
            self.assertEqual(runs[-1].side, "a")
            self.assertEqual(len(runs), 12 * group_size(sides))
            self.assertEqual({sum(run.side == side for run in runs) for side in sides}, {len(runs) // len(sides)})

    def test_inputs_are_new_at_places_that_differ_and_as_often_the_same_ones_are_drawn_once_more(self) -> None:
        places = set()
        for seed in range(20):
            runs = plan(["a", "b"], 4, seed, redraws=True).chunk(25)
            seeds = inputs_of(runs, 0)
            new = [n for n, one in enumerate(seeds) if one != (seeds[n - 1] if n else 0)]
            places.add(tuple(new))
            self.assertEqual((len(new), {runs[n].side for n in new}), (FRESH_RUNS, {"a"}))
            again = [run for n, run in enumerate(runs) if run.seed is not None and n not in new]
            self.assertEqual((sum(run.side == "a" for run in again), sum(run.side == "b" for run in again)), (FRESH_RUNS, 2 * FRESH_RUNS))
        self.assertGreater(len(places), 15)

    def test_later_chunks_get_fewer_new_inputs(self) -> None:
        section = plan(["a"])
        counts = [len({run.seed for run in section.chunk(groups)} - {None}) for groups in (20, *[10] * 40)]
        self.assertTrue(20 <= sum(counts[1:]) <= 60, "one in 16 of 400, and up to one that is drawn again in each of 40 chunks")

    def test_the_outputs_that_are_kept_may_be_of_any_run_of_a_section_and_of_any_replica(self) -> None:
        """Runs by their number: the last that is kept took the place of the others. Each of 40 has its share of 4,000."""
        kept, replicas = [0] * 40, [0] * 4
        for seed in range(4000):
            section = plan(["a"], 4, seed)
            runs = [run for groups in (16, 8, 12, 4) for run in section.chunk(groups)]
            number = max(n for n, run in enumerate(runs) if run.keep is not None)
            kept[number] += 1
            replicas[runs[number].keep] += 1
        self.assertTrue(all(60 <= count <= 145 for count in kept), kept)
        self.assertTrue(all(900 <= count <= 1100 for count in replicas), replicas)

    def test_every_run_of_the_first_side_is_sampled_with_a_key_of_its_own(self) -> None:
        section = plan(["a", "b", "c"])
        runs = section.chunk(4) + section.chunk(3)
        self.assertEqual([run.sample is not None for run in runs], [run.side == "a" for run in runs])
        samples = [run.sample for run in runs if run.sample]
        self.assertEqual([sample.slot for sample in samples], list(range(len(samples))))
        self.assertEqual(len({sample.key for sample in samples}), len(samples))

    def test_every_side_of_a_group_has_as_many_runs_behind_a_draw(self) -> None:
        for sides in (["a", "b"], ["a", "b", "c"]):
            runs = plan(sides).chunk(3)
            for at in range(0, len(runs), group_size(sides)):
                group = [run for run in runs[at : at + group_size(sides)] if run.seed is not None]
                self.assertEqual(len({sum(run.side == side for run in group) for side in sides}), 1)

    def test_a_choice_of_the_warm_up_stands_only_where_the_counted_runs_bear_it_out(self) -> None:
        self.assertTrue(batch_holds(1, 60_000.0, 16))
        self.assertTrue(batch_holds(4, 6_000.0, 16))
        self.assertTrue(batch_holds(8, 1_200.0, 16), "one of many takes less than one alone")
        self.assertTrue(batch_holds(4, 12_000.0, 16), "the work was done in the warm-up, only faster")
        self.assertFalse(batch_holds(1, 1_000.0, 16), "it waited in the warm-up")

    def test_controls_are_spread_over_the_runs_and_the_last_run_is_not_one(self) -> None:
        runs = plan(["a"]).chunk(100)
        for seed in range(20):
            mixed = with_controls(runs, "b", 8, random.Random(seed))
            self.assertEqual([run for run in mixed if run.side == "a"], runs)
            places = [n for n, run in enumerate(mixed) if run.side == "b"]
            self.assertTrue(all(100 * at // 8 <= n - at < 100 * (at + 1) // 8 for at, n in enumerate(places)), places)
            self.assertEqual({run.seed for run in mixed if run.side == "b"}, {None})
            self.assertEqual(mixed[-1].side, "a")

    def test_strict_sections_draw_fresh_inputs_before_every_run(self) -> None:
        runs = plan(["a", "b"], 1, 1, True).chunk(3)
        self.assertEqual(len({run.seed for run in runs} - {None}), len(runs))

    def test_even_the_shortest_section_has_runs_on_new_inputs_and_others_to_compare(self) -> None:
        runs = plan(["a"]).chunk(RUNS_LEAST)
        seeds = inputs_of(runs, 0)
        self.assertEqual(sum(one != before for one, before in zip(seeds, [0, *seeds])), FRESH_RUNS)
        self.assertGreaterEqual(len(runs), 2 * FRESH_RUNS)

    def test_inputs_stay_until_the_next_draw(self) -> None:
        runs = [TimedRun("a", 1, seed, None) for seed in (None, 7, None, 8)]
        self.assertEqual(inputs_of(runs, 5), [5, 7, 7, 8])


def plan(sides: Sequence[str], batch: int = 1, seed: int = 1, is_strict: bool = False, redraws: bool = False) -> SectionPlan:
    return SectionPlan(sides, batch, Freshness(random.Random(seed), is_strict, redraws, 0))


def coverage(count: int, low: int) -> float:
    """Probability that the true median lies between the order statistics of ranks `low` and `count - 1 - low` (0-based)."""
    return sum(math.comb(count, k) for k in range(low + 1, count - low)) / 2**count


if __name__ == "__main__":
    unittest.main()
