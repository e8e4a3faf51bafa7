"""What a program gains that holds the device while others are timed, played by the judge's own schedule and statistics: its process lives, and
knows when it is not called.
"""
import random
import unittest
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple

from kiln_runner.judge.device import nothing
from kiln_runner.judge.hindrance import hinders
from kiln_runner.judge.measured import Measured, paired
from kiln_runner.judge.measuring import Conditions, HowTimed, Warmth, time_sides
from kiln_runner.judge.schedule import NULL, TimedRun

OWN_NS, SWITCH_NS, SLICE_NS = 500_000.0, 134_000.0, 2_000_000.0
RULES: Any = {
    "method": "paired", "inputs": "fresh", "warmupRuns": 4, "runsMin": 24, "runsMax": 48, "targetRelativeCi": 0.01, "caseBudgetMs": 1e9,
    "baselineAgeMsMax": 1e9,
}
TRIALS = 300


class Held(NamedTuple):
    """`share` of others' runs take longer by `by_ns`; every side has outliers. `slows`: how many times as long others take without that, the null
    left out."""

    share: float = 0.0
    by_ns: float = SLICE_NS
    outliers: float = 0.005
    slows: float = 1.0


class PlayedCase:
    """All sides take the same, the null nothing beyond what is taken off."""

    name, batch, draw_bias, seed = "played", 1, 0.002, 0

    def __init__(self, held: Held, rng: random.Random) -> None:
        self._held, self._rng = held, rng
        self.nulls: list[float] = []

    def run_timed(
        self, runs: Sequence[TimedRun], _runnables: Mapping[str, object], _rng: random.Random, meanwhile: Callable[[], None] = nothing
    ) -> list[float]:
        meanwhile()
        return [self._take(run) for run in runs]

    def gaps(self) -> Sequence[float]:
        return ()

    def _take(self, run: TimedRun) -> float:
        self.seed = self.seed if run.seed is None else run.seed
        rng, held = self._rng, self._held
        beyond = held.by_ns * (run.side != "candidate" and rng.random() < held.share)
        beyond += rng.uniform(100_000, 400_000) * (rng.random() < held.outliers)
        if run.side == NULL:
            self.nulls.append(rng.gauss(0, 700) + beyond)
            return 1.0
        return OWN_NS * (1 + rng.gauss(0, 0.003)) * (1 if run.side == "candidate" else held.slows) + beyond


def judged(held: Held, seed: int, record: bool = False) -> "tuple[Measured, bool]":
    """And whether it was found."""
    rng, sides = random.Random(seed), ["candidate", "baseline", *(["record"] if record else [])]
    case = PlayedCase(held, random.Random(rng.random()))
    runnables = {side: side for side in sides}
    section = time_sides(case, runnables, Conditions(RULES, Warmth(OWN_NS, 0.5), rng), HowTimed(True, null=NULL))
    return paired(case, section, sides, True), hinders(case.nulls, SWITCH_NS)


class Hindered(unittest.TestCase):
    def test_who_leaves_others_alone_is_found_in_no_judgement(self) -> None:
        for record in (False, True):
            self.assertEqual([judged(Held(outliers=0.02), seed, record)[1] for seed in range(TRIALS)].count(True), 0)

    def test_who_holds_the_device_in_every_run_of_others_is_found_in_every_judgement(self) -> None:
        for record in (False, True):
            for by_ns in (SWITCH_NS, SLICE_NS):
                found = [judged(Held(1.0, by_ns), seed, record) for seed in range(TRIALS)]
                self.assertTrue(all(is_found for _, is_found in found))
                self.assertGreater(min(measured.speedup.middle for measured, _ in found), 1.2, "what it would have bought")

    def test_who_makes_others_slower_without_a_switch_buys_no_more_than_is_shown(self) -> None:
        """By copies, which have an engine of their own, or by what it heats."""
        for record in (False, True):
            for seed in range(30):
                measured, _ = judged(Held(slows=1.4), seed, record)
                self.assertGreater(measured.speedup.low, 1.3, "what it would have bought")
                shown = measured.beside(OWN_NS)
                self.assertTrue(all(one.low < 1.03 for one in (shown.speedup, shown.record) if one))

    def test_who_leaves_others_alone_is_shown_as_narrow_as_ever(self) -> None:
        for seed in range(30):
            measured, _ = judged(Held(), seed)
            self.assertEqual(measured.beside(OWN_NS), measured)

    def test_who_holds_it_seldom_enough_to_slip_through_buys_less_than_is_shown(self) -> None:
        for share in (0.1, 0.2, 0.3, 0.4, 0.5):
            slipped = [measured for measured, is_found in (judged(Held(share), seed) for seed in range(TRIALS)) if not is_found]
            bought = sum(measured.speedup.low > 1.05 for measured in slipped)
            self.assertLessEqual(bought, 0.01 * TRIALS, f"{share}: {len(slipped)} of {TRIALS} slipped through")


if __name__ == "__main__":
    unittest.main()
