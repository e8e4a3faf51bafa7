"""What is taken off a time to answers: measured for each judgement, calibrated now and then. Nothing is timed where known lengths do not come out."""
import unittest
from collections.abc import Sequence
from typing import Any, Optional

from kiln_runner.judge.failures import CandidateFailure, InfraFailure
from kiln_runner.judge.gpu.answer_process import LIFE_S_MAX
from kiln_runner.judge.gpu.answering_program import Offsets, doubt
from kiln_runner.judge.gpu.null_process import Known
from kiln_runner.judge.gpu.nulls import CALIBRATED_S_MAX, CALIBRATION_NS, IDLE_S, OFF_NS_MAX, Nulls
from kiln_runner.judge.outcomes import contract

# A launch of the judge's own, and what two switches take, as a kernel looks and as a copy does.
LAUNCH_NS, SWITCHES_NS, ONE_SWITCH_NS = 3_000.0, 299_000.0, 165_000.0
SWITCH_NS = SWITCHES_NS - ONE_SWITCH_NS


class PlayedNull:
    """`off_ns`: by which kernels of known length come out too long. `fails`: what it says in place of a time."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.off_ns, self.is_closed = 0.0, False
        self.fails: Optional[Exception] = None

    def known(self, nanoseconds: int, count: int) -> Known:
        if self.fails:
            raise self.fails
        self.asked.append(nanoseconds)
        own, off = nanoseconds + LAUNCH_NS, self.off_ns if nanoseconds else 0.0
        return Known(own + SWITCHES_NS + off, own + ONE_SWITCH_NS + off, own)

    def runs(self, null: Known) -> Any:
        return null

    def close(self) -> None:
        self.is_closed = True


class Measured(unittest.TestCase):
    def setUp(self) -> None:
        self.started: list[PlayedNull] = []
        self.now, self.refuses = 100.0, False
        self.nulls = Nulls(self.start, lambda: self.now)

    def start(self, _environment: Any, lengths: Sequence[int]) -> PlayedNull:
        if self.refuses:
            raise CandidateFailure(contract("", "it does not run"))
        self.assertEqual(tuple(lengths), (0, *CALIBRATION_NS))
        self.started.append(PlayedNull())
        return self.started[-1]

    def test_what_is_taken_off_is_beyond_the_judges_own_launch(self) -> None:
        self.assertEqual(self.nulls.offsets("torch", "e"), Offsets(SWITCHES_NS, ONE_SWITCH_NS))
        self.assertEqual([one.off_ns for one in self.nulls.calibrations], [0.0, 0.0, 0.0])

    def test_it_is_measured_for_each_judgement_and_calibrated_once_a_minute(self) -> None:
        for after_s, asked in ((0.0, [0, *CALIBRATION_NS]), (1.0, [0]), (CALIBRATED_S_MAX - 2, [0]), (2.0, [0, *CALIBRATION_NS])):
            self.now += after_s
            self.nulls.offsets("torch", "e")
            self.assertEqual(self.started[0].asked, asked)
            self.started[0].asked.clear()
        self.assertEqual(len(self.started), 1)

    def test_what_is_timed_among_others_is_held_against_what_was_measured_before(self) -> None:
        self.nulls.offsets("torch", "e")
        self.started[0].asked.clear()
        null: Any = self.nulls.runs("torch", "e")
        self.assertEqual((null.offsets, self.started[0].asked), (Offsets(SWITCHES_NS, ONE_SWITCH_NS), []))
        self.nulls.close()
        self.nulls.runs("torch", "e")
        self.assertEqual(self.started[1].asked, [0, *CALIBRATION_NS], "of another process nothing was measured")

    def test_where_known_lengths_do_not_come_out_nothing_is_timed_until_they_do(self) -> None:
        self.nulls.prove("torch", "e")
        for off in (OFF_NS_MAX + 1, -OFF_NS_MAX - 1):
            self.started[0].off_ns = off
            with self.assertRaises(InfraFailure) as caught:
                self.nulls.offsets("torch", "e")
            self.assertIn(f"comes out {off / 1e3:+.2f} us", str(caught.exception))
        self.started[0].off_ns = OFF_NS_MAX - 1
        self.nulls.offsets("torch", "e")

    def test_another_environment_has_another_process_and_the_first_is_ended(self) -> None:
        self.nulls.prove("torch", "e")
        self.nulls.prove("torch", "e")
        self.nulls.prove("torch", "f")
        self.assertEqual([one.is_closed for one in self.started], [True, False])

    def test_one_that_is_idle_for_long_is_ended(self) -> None:
        self.assertIsNone(self.nulls.rest())
        self.nulls.prove("torch", "e")
        self.now += IDLE_S - 5
        self.assertEqual(self.nulls.rest(), 5.0)
        self.now += 6
        self.assertIsNone(self.nulls.rest())
        self.assertTrue(self.started[0].is_closed)
        self.nulls.prove("torch", "e")
        self.assertEqual(len(self.started), 2)

    def test_one_that_was_lost_is_not_asked_again(self) -> None:
        self.nulls.prove("torch", "e")
        self.started[0].fails = InfraFailure("worker_died", "the program's process was lost")
        with self.assertRaises(InfraFailure):
            self.nulls.offsets("torch", "e")
        self.assertTrue(self.started[0].is_closed)
        self.nulls.offsets("torch", "e")
        self.assertEqual(len(self.started), 2)

    def test_one_whose_life_is_half_over_is_made_anew_where_no_device_waits_for_it(self) -> None:
        for _ in range(int(LIFE_S_MAX / 2 / 20) + 1):
            self.now += 20.0
            self.nulls.prove("torch", "e")
            self.nulls.offsets("torch", "e")
        self.assertEqual([one.is_closed for one in self.started], [False])
        self.now += 20.0
        self.nulls.offsets("torch", "e")
        self.assertEqual(len(self.started), 1, "under the lock it is as it was proven")
        self.nulls.prove("torch", "e")
        self.assertEqual([one.is_closed for one in self.started], [True, False])

    def test_where_the_judges_own_program_does_not_answer_nobody_elses_is_to_blame(self) -> None:
        self.nulls.prove("torch", "e")
        self.started[0].fails = CandidateFailure(contract("spin-0", "it is gone"))
        with self.assertRaises(InfraFailure):
            self.nulls.offsets("torch", "e")
        self.assertTrue(self.started[0].is_closed)
        self.refuses = True
        with self.assertRaises(InfraFailure) as caught:
            self.nulls.prove("torch", "e")
        self.assertIn("it does not run", str(caught.exception))


class TwoWaysOfLooking(unittest.TestCase):
    def test_one_that_computes_on_the_device_looks_the_same_either_way(self) -> None:
        by_kernel = [50_000.0 + 300 * n for n in range(16)]
        self.assertEqual(doubt(by_kernel, [51_000.0, 52_000.0, 53_500.0, 52_500.0], SWITCH_NS), "")
        self.assertEqual(doubt(by_kernel, [190_000.0] * 2, SWITCH_NS), "", "two say nothing")

    def test_one_that_needed_no_switch_gains_nothing_where_one_is_left_out(self) -> None:
        by_kernel = [20_000.0 + 2_000 * (n % 5) for n in range(16)]
        self.assertIn("kernels of the GPU", doubt(by_kernel, [ns + SWITCH_NS for ns in by_kernel[:4]], SWITCH_NS))

    def test_one_that_is_done_before_it_is_shows_where_nothing_waits_for_it(self) -> None:
        self.assertIn("before it is", doubt([200_000.0] * 16, [40_000.0] * 4, SWITCH_NS))

    def test_what_spreads_by_more_than_a_switch_is_not_in_doubt_for_it(self) -> None:
        spread = [3_000_000.0 + 400_000 * (n % 7) for n in range(21)]
        self.assertEqual(doubt(spread, [one + SWITCH_NS for one in spread[2:6]], SWITCH_NS), "")


if __name__ == "__main__":
    unittest.main()
