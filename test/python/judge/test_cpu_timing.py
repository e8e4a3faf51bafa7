"""Which time of a run on the cpu device is believed, and where its sides run meanwhile."""
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))

from kiln_runner.judge.cpu.one_core import on_one_core
from kiln_runner.judge.cpu.timing import Clocked, believed

IDLE = 4_000.0


def runs_of(claimed: float, used: float) -> list:
    return [Clocked(claimed, used + IDLE, IDLE) for _ in range(9)]


class BelievedTimes(unittest.TestCase):
    def test_a_claim_that_the_processor_time_bears_out_is_taken_as_it_is(self) -> None:
        self.assertEqual(believed(runs_of(100_000.0, 102_000.0)), [100_000.0] * 9)

    def test_a_claim_of_a_tenth_less_than_was_used_is_not_believed(self) -> None:
        self.assertEqual(believed(runs_of(90_000.0, 100_000.0)), [100_000.0] * 9)

    def test_a_claim_of_nothing_for_a_short_run_is_not_believed(self) -> None:
        self.assertEqual(believed(runs_of(1.0, 3_000.0)), [3_000.0] * 9)

    def test_one_run_that_was_interrupted_does_not_make_a_liar(self) -> None:
        runs = runs_of(100_000.0, 100_500.0)
        runs[4] = Clocked(100_000.0, 900_000.0, IDLE)
        self.assertEqual(believed(runs), [100_000.0] * 9)

    def test_what_honest_code_hides_beside_it_is_let_pass(self) -> None:
        self.assertEqual(believed(runs_of(30_000.0, 45_000.0), runs_of(30_000.0, 45_000.0)), [30_000.0] * 9)

    def test_a_warm_up_is_taken_as_it_is(self) -> None:
        self.assertEqual(believed(runs_of(1.0, 9_000.0)[:5]), [1.0] * 5)


class OneCore(unittest.TestCase):
    def setUp(self) -> None:
        self.children = []

    def tearDown(self) -> None:
        for child in self.children:
            child.kill()
            child.wait()

    def start(self) -> int:
        self.children.append(subprocess.Popen(["sleep", "60"]))
        return self.children[-1].pid

    def pids(self) -> list:
        return [child.pid for child in self.children]

    def test_all_sides_share_the_core_of_the_judge_in_a_section_and_are_free_after_it(self) -> None:
        everywhere = os.sched_getaffinity(0)
        one, other = self.start(), self.start()
        with on_one_core(self.pids):
            inside = [os.sched_getaffinity(process) for process in (0, one, other)]
        self.assertEqual(len(inside[0]), 1)
        self.assertEqual(inside, [inside[0]] * 3)
        self.assertLessEqual(inside[0], everywhere)
        self.assertEqual([os.sched_getaffinity(process) for process in (0, one, other)], [everywhere] * 3)

    def test_a_side_that_is_started_in_a_section_is_free_after_it(self) -> None:
        everywhere = os.sched_getaffinity(0)
        with on_one_core(self.pids):
            late = self.start()
        self.assertEqual(os.sched_getaffinity(late), everywhere)

    def test_a_section_that_fails_or_whose_side_died_leaves_the_judge_free(self) -> None:
        everywhere = os.sched_getaffinity(0)
        gone = self.start()
        with self.assertRaises(ZeroDivisionError), on_one_core(lambda: [gone]):
            self.tearDown()
            raise ZeroDivisionError
        self.assertEqual(os.sched_getaffinity(0), everywhere)


if __name__ == "__main__":
    unittest.main()
