"""What a timed section comes to: it counts, or its case is timed again, and how."""
import random
import unittest
from typing import Any, Optional, cast

from kiln_runner.judge.hard_inputs import NO_HARD_INPUTS
from kiln_runner.judge.measured import Measured
from kiln_runner.judge.measuring import Conditions, Control, Warmth
from kiln_runner.judge.schedule import PAIRED_BELOW_NS, TimedRun
from kiln_runner.judge.section import Section
from kiln_runner.judge.statistics import timing_statistics
from kiln_runner.judge.turns import Alone, Batch, Pairs, Timed, Turn, WarmUp, read

SPEC: Any = {"name": "large", "kind": "bench"}
NS, BUDGET_MS = 50_000.0, 500.0
SIDES = ["candidate", "baseline"]


class PlayedCase:
    """`batch`: executions between two events."""

    name, draw_bias = "large", 0.002

    def __init__(self, batch: int) -> None:
        self.batch = batch


def known(ns: float = NS) -> Any:
    return timing_statistics([ns * share for share in (0.999, 1.0, 1.001)], 1)


def spread(number: int) -> float:
    """What honest runs vary by."""
    return 1 + 0.0005 * (number % 3 - 1)


def alone(ns: float = NS, control_ns: Optional[float] = NS, when_new: float = 1.0, gap_ns: float = 0.0) -> Section:
    """Runs of a candidate, some of them on inputs that it had not seen, `when_new` times as slow; a run of the baseline among eight. `gap_ns`: what
    the device's timer has beyond the candidate's events."""
    runs, times = list[TimedRun](), list[float]()
    for number in range(96):
        is_new = number % 12 == 5
        runs.append(TimedRun("candidate", 1, 1000 + number if is_new else None, None))
        times.append(ns * spread(number) * (when_new if is_new else 1.0))
        if control_ns is not None and number % 8 == 3:
            runs.append(TimedRun("baseline", 1, None, None))
            times.append(control_ns * spread(number))
    return Section(runs, times, 7, [gap_ns * (run.side == "candidate") for run in runs])


def pairs(when_new: float = 1.0, ns: float = NS) -> Section:
    runs, times = list[TimedRun](), list[float]()
    for number in range(96):
        for side in ("candidate", "baseline", "baseline", "candidate"):
            is_new = side == "candidate" and number % 12 == 5
            runs.append(TimedRun(side, 1, 1000 + number if is_new else None, None))
            times.append(ns * spread(number) * (when_new if is_new else 1.0))
    return Section(runs, times, 7)


def conditions(run_ms: float = 0.1) -> Conditions:
    rules: Any = {"caseBudgetMs": BUDGET_MS, "runsMin": 96, "runsMax": 96, "warmupRuns": 3, "targetRelativeCi": 1e-9, "baselineAgeMsMax": 1e9}
    return Conditions(rules, Warmth(NS, run_ms), random.Random(1), NO_HARD_INPUTS)


def by_itself(section: Section, has_controls: bool = True, **more: Any) -> Timed:
    how = Alone(known(), conditions() if has_controls else conditions(run_ms=BUDGET_MS), Control("baseline", NS))
    assert how.has_controls == has_controls
    return timed(section, how, **more)


def timed(section: Section, how: Any, **more: Any) -> Timed:
    batch = more.pop("batch", Batch(1, NS))
    turn = more.pop("turn", Turn(SPEC))
    return Timed(turn, cast(Any, PlayedCase(batch.executions)), section, how, batch, 16, **{"spent_ms": 30.0, **more})


class Reads(unittest.TestCase):
    def counts(self, one: Timed) -> Measured:
        found = read(one)
        self.assertIs(type(found), Measured)
        return cast(Measured, found)

    def again(self, one: Timed) -> Turn:
        found = read(one)
        self.assertIs(type(found), Turn)
        return cast(Turn, found)

    def test_times_beside_a_baseline_as_it_is_remembered_count(self) -> None:
        measured = self.counts(by_itself(alone()))
        self.assertEqual((measured.method, measured.teaches), ("cached", False))
        self.assertAlmostEqual(measured.speedup.middle, 1.0, places=2)

    def test_where_the_baseline_is_not_as_remembered_it_is_timed_in_pairs_with_what_is_left_of_the_budget(self) -> None:
        turn = self.again(by_itself(alone(control_ns=1.1 * NS)))
        self.assertEqual(turn, Turn(SPEC, "pairs", Batch(1, NS), 30.0))

    def test_where_no_baseline_ran_since_it_did_not_seem_affordable_and_was_it_is_timed_in_pairs(self) -> None:
        slow_warm_up = self.again(by_itself(alone(control_ns=None), has_controls=False, spent_ms=10.0))
        self.assertEqual(slow_warm_up.way, "pairs")
        self.counts(by_itself(alone(control_ns=None), has_controls=False, spent_ms=1e6))

    def test_who_is_slower_on_inputs_that_it_had_not_seen_is_timed_strictly(self) -> None:
        for one in (by_itself(alone(when_new=1.3)), timed(pairs(1.3), Pairs(SIDES, False))):
            self.assertEqual(self.again(one), Turn(SPEC, "strict", Batch(1, NS)))

    def test_who_was_timed_strictly_is_not_timed_again_whatever_it_looks_like(self) -> None:
        measured = self.counts(timed(pairs(1.3), Pairs(SIDES, True)))
        self.assertTrue(measured.is_strict)

    def test_who_turns_out_too_short_for_a_remembered_time_is_timed_in_pairs(self) -> None:
        short = 0.9 * PAIRED_BELOW_NS
        self.assertEqual(self.again(by_itself(alone(ns=short))).way, "pairs")

    def test_a_device_timer_that_says_another_time_than_the_events_has_it_timed_strictly(self) -> None:
        self.assertEqual(self.again(by_itself(alone(gap_ns=NS / 2))).way, "strict")

    def test_a_case_that_is_left_says_what_was_seen_of_it(self) -> None:
        for one in (by_itself(alone(when_new=2.0), is_left=True), timed(alone(when_new=2.0), WarmUp(known()), is_left=True)):
            self.assertEqual(self.counts(one).method, "cached")
        self.assertFalse(self.counts(timed(pairs(2.0), Pairs(SIDES, False, teaches=True), is_left=True)).teaches)

    def test_pairs_that_teach_the_baselines_time_do_where_nothing_is_suspicious_and_it_was_timed_to_the_end(self) -> None:
        for how, is_left, teaches in (
            (Pairs(SIDES, False, teaches=True), False, True), (Pairs(SIDES, False, teaches=True), True, False), (Pairs(SIDES, False), False, False),
        ):
            self.assertEqual(self.counts(timed(pairs(), how, is_left=is_left)).teaches, teaches)

    def test_a_batch_that_runs_that_count_do_not_bear_out_is_made_anew_by_what_they_say_once(self) -> None:
        chosen, short = Batch(1, NS), pairs(ns=1000.0)
        self.assertEqual(self.again(timed(short, Pairs(SIDES, False), batch=chosen)), Turn(SPEC, "usual", Batch(16, 1000.0, is_counted=True)))
        self.counts(timed(short, Pairs(SIDES, False), batch=chosen._replace(is_counted=True)))

    def test_what_was_chosen_by_runs_that_count_stays_chosen_when_it_is_timed_in_pairs(self) -> None:
        counted = Batch(1, NS, is_counted=True)
        turn = self.again(by_itself(alone(control_ns=1.1 * NS), turn=Turn(SPEC, batch=counted, spent_ms=5.0), batch=counted))
        self.assertEqual(turn, Turn(SPEC, "pairs", counted, 35.0))


if __name__ == "__main__":
    unittest.main()
