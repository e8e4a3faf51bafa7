import math
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.schedule import (  # noqa: E402
    RUNS_LEAST,
    Freshness,
    batch_for,
    group_order,
    group_size,
    plan_chunk,
    split_fresh,
    with_controls,
)
from kiln_runner.judge.statistics import (  # noqa: E402
    PAIRED_MAX,
    centre,
    interval,
    median_ranks,
    percentile,
    ratio_of_medians,
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
        self.assertLessEqual(found["minNs"], found["ciLowNs"])
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
        order = group_order(["a", "b"])
        positions = {side: [n for n, s in enumerate(order) if s == side] for side in ("a", "b")}
        self.assertEqual(sorted(n % 4 for n in positions["a"]), sorted(n % 4 for n in positions["b"]))
        self.assertEqual(sum(positions["a"]), sum(positions["b"]))
        self.assertEqual(len(order), group_size(["a", "b"]))

    def test_a_chunk_ends_with_the_first_side_and_has_each_side_equally_often(self) -> None:
        for sides in (["a"], ["a", "b"], ["a", "b", "c"]):
            runs = plan_chunk(sides, 12, 1, Freshness(random.Random(1), False, True))
            self.assertEqual(runs[-1].side, "a")
            self.assertEqual(len(runs), 12 * group_size(sides))
            self.assertEqual({sum(run.side == side for run in runs) for side in sides}, {len(runs) // len(sides)})

    def test_fresh_runs_fall_at_places_that_differ_and_one_of_the_first_sides_is_kept(self) -> None:
        places = set()
        for seed in range(20):
            runs = plan_chunk(["a", "b"], 25, 4, Freshness(random.Random(seed), False, True))
            fresh = [n for n, run in enumerate(runs) if run.seed is not None]
            places.add(tuple(fresh))
            self.assertEqual(sum(runs[n].side == "a" for n in fresh), 4)
            self.assertEqual({run.side for run in runs if run.keep is not None}, {"a"})
            self.assertEqual([run.keep is not None for run in runs].count(True), 1)
            self.assertTrue(all(run.seed is not None for run in runs if run.keep is not None))
        self.assertGreater(len(places), 15)

    def test_every_side_of_a_group_has_as_many_fresh_runs(self) -> None:
        for sides in (["a", "b"], ["a", "b", "c"]):
            runs = plan_chunk(sides, 3, 1, Freshness(random.Random(1), False, True))
            for at in range(0, len(runs), group_size(sides)):
                group = [run for run in runs[at : at + group_size(sides)] if run.seed is not None]
                self.assertEqual(len({sum(run.side == side for run in group) for side in sides}), 1)
        self.assertEqual(sum(run.seed is not None for run in plan_chunk(["a"], 20, 1, Freshness(random.Random(1), False, True))), 4)

    def test_controls_are_spread_over_the_runs_and_the_last_run_is_not_one(self) -> None:
        runs = plan_chunk(["a"], 100, 1, Freshness(random.Random(1), False, True))
        for seed in range(20):
            mixed = with_controls(runs, "b", 8, random.Random(seed))
            self.assertEqual([run for run in mixed if run.side == "a"], runs)
            places = [n for n, run in enumerate(mixed) if run.side == "b"]
            self.assertTrue(all(100 * at // 8 <= n - at < 100 * (at + 1) // 8 for at, n in enumerate(places)), places)
            self.assertEqual({run.seed for run in mixed if run.side == "b"}, {None})
            self.assertEqual(mixed[-1].side, "a")

    def test_strict_sections_draw_fresh_inputs_before_every_run(self) -> None:
        runs = plan_chunk(["a", "b"], 3, 1, Freshness(random.Random(1), True, True))
        self.assertEqual(len({run.seed for run in runs}), len(runs))

    def test_even_the_shortest_section_has_fresh_and_stale_runs_to_compare(self) -> None:
        runs = plan_chunk(["a"], RUNS_LEAST, 1, Freshness(random.Random(1), False, True))
        fresh, stale = split_fresh(runs, [1.0] * len(runs), "a")
        self.assertEqual((len(fresh), len(stale)), (4, 4))


def coverage(count: int, low: int) -> float:
    """Probability that the true median lies between the order statistics of ranks `low` and `count - 1 - low` (0-based)."""
    return sum(math.comb(count, k) for k in range(low + 1, count - low)) / 2**count


if __name__ == "__main__":
    unittest.main()
