"""Candidates that are raced: who could come near the front is timed to the end, whatever passes; who could not costs a few runs."""
import math
import random
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Optional, cast

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner")]
from played_races import RULES, Conduct, Kernels, Played, play, race_for  # noqa: E402
from rig import ROOT, Rig, vector_add  # noqa: E402

from kiln_runner.judge.facts import Facts  # noqa: E402
from kiln_runner.judge.measuring import warm_up_runs  # noqa: E402
from kiln_runner.judge.racing import Race, entered  # noqa: E402
from kiln_runner.judge.statistics import timing_statistics  # noqa: E402
from kiln_runner.protocol import JudgeTask, TimingRules  # noqa: E402
from kiln_runner.protocol import Race as WantedRace  # noqa: E402

BASELINE = {"small": 100e3, "middle": 400e3, "large": 1500e3}
NEEDED = 2.0
# What a daemon allows for judgements of one code to differ by, on a GPU that it knows nothing of (src/domain/ranking/front.ts).
SLACK = math.exp(3.3 * 0.004)
CONTENDERS = 600
# As a daemon has them.
SHIPPED: TimingRules = {**RULES, "caseBudgetMs": 250}


def slower(times: float) -> Kernels:
    """So many times slower than what is needed, in every case."""
    return Kernels({case: ns / NEEDED * times for case, ns in BASELINE.items()}, BASELINE)


def race_against(floor_share: float = 0.9) -> WantedRace:
    return race_for(slower(1), NEEDED, floor_share)


def contender(rng: random.Random) -> tuple[Kernels, WantedRace]:
    """As fast as is needed or up to 1 % faster, in its own cases more or less; the floors are below whatever anybody takes."""
    cases = [f"case {n}" for n in range(rng.choice([1, 1, 2, 3, 4]))]
    baseline = {case: math.exp(rng.uniform(math.log(25e3), math.log(3e6))) for case in cases}
    needed, own = math.exp(rng.uniform(-0.5, 1.5)), {case: rng.gauss(0, 0.3) for case in cases}
    ahead = rng.uniform(0, 0.01) - sum(own.values()) / len(cases)
    kernels = Kernels({case: ns / needed * math.exp(-own[case] - ahead) for case, ns in baseline.items()}, baseline)
    race, share = race_for(kernels, needed, 1.0), rng.uniform(0.5, 0.98)
    floors = {case: share * min(kernels.candidate[case], race["leastNs"][case]) for case in cases}
    return kernels, {"speedup": race["speedup"] / SLACK, "timeNs": race["timeNs"] * SLACK, "leastNs": floors}


def conduct(rng: random.Random, cases: int) -> Conduct:
    """All that makes a candidate look slow and passes, each by itself and together. What stays slow for a whole case is slow: with several cases
    humps do not stay as long."""
    stretch_most = 12.0 if cases == 1 else 1.5
    kinds = rng.choice([{"humps"}, {"ramp"}, {"first"}, {"humps", "ramp", "first"}, set[str]()])
    found = Conduct(noise=rng.choice([0.001, 0.004, 0.02]), remembered=rng.uniform(0.97, 1.005))
    if "humps" in kinds:
        found = found._replace(hump=rng.uniform(0, 0.15), hump_share=rng.uniform(0.1, 0.45), stretch=rng.uniform(1, stretch_most))
    if "ramp" in kinds:
        found = found._replace(ramp=rng.uniform(1, 1.7), ramp_ns=math.exp(rng.uniform(math.log(1e5), math.log(2e7))))
    if "first" in kinds:
        found = found._replace(first=rng.uniform(1, 8), outliers=rng.uniform(0, 0.05))
    return found


class WhoCouldReachTheFront(unittest.TestCase):
    def test_is_never_stopped_whatever_makes_it_look_slow_and_passes(self) -> None:
        stopped: list[tuple[int, Conduct]] = []
        for seed in range(CONTENDERS):
            rng = random.Random(seed)
            kernels, race = contender(rng)
            how = conduct(rng, len(kernels.baseline))
            if play(kernels, race, seed, how).is_stopped:
                stopped.append((seed, how))
        self.assertEqual(stopped, [])

    def test_is_timed_as_if_there_were_no_race_where_it_never_looks_slow(self) -> None:
        raced, alone = ([play(slower(0.9), race, seed).runs for seed in range(60)] for race in (race_against(), None))
        # Cases come in another order, and chance with them.
        self.assertAlmostEqual(sum(raced) / sum(alone), 1.0, delta=0.1)

    def test_is_timed_to_the_end_where_its_time_alone_reaches_it(self) -> None:
        """Its baseline was remembered as if it had been far faster than it is: by the speed-up alone everybody would be out of reach."""
        race = race_against()
        race["timeNs"] *= 3
        self.assertFalse(any(play(slower(2), race, seed).is_stopped for seed in range(10)))

    def test_is_timed_to_the_end_on_a_device_that_is_slow_all_the_while(self) -> None:
        race = race_against()
        race["timeNs"] *= SLACK
        race["speedup"] /= SLACK
        slow = Conduct(ramp=3.0, ramp_ns=1e12)
        self.assertFalse(any(play(slower(0.98), race, seed, slow).is_stopped for seed in range(10)))


class WhoIsVerySlow(unittest.TestCase):
    def test_is_warmed_up_by_two_runs(self) -> None:
        spent: TimingRules = {**RULES, "caseBudgetMs": 1e-6}
        kernels = Kernels({"only": 60e6}, {"only": 2e6})
        # The others are the fewest that a section has.
        self.assertEqual({play(kernels, None, seed, timing=spent).runs for seed in range(5)}, {2 + 8})

    def test_is_warmed_up_less_the_slower_it_is(self) -> None:
        self.assertEqual([warm_up_runs(SHIPPED, ms * 1e6) for ms in (0.01, 12, 16, 25, 60, 1000)], [5, 5, 3, 2, 2, 2])

    def test_is_warmed_up_no_more_than_the_rules_ask_for(self) -> None:
        self.assertEqual(warm_up_runs({**SHIPPED, "warmupRuns": 0}, 1e9), 0)


class WhoCouldNot(unittest.TestCase):
    def played(self, times: float, floor_share: float = 0.9) -> list[Played]:
        played = [play(slower(times), race_against(floor_share), seed) for seed in range(20)]
        self.assertTrue(all(one.is_stopped for one in played))
        return played

    def test_costs_two_runs_where_it_is_very_slow(self) -> None:
        for floor_share in (0.9, 0.6):
            self.assertLessEqual(max(one.runs for one in self.played(10, floor_share)), 2)

    def test_costs_a_warm_up_and_eight_runs_of_one_case_at_twice_the_time(self) -> None:
        self.assertLessEqual(max(one.runs for one in self.played(2)), 5 + 8 + 1)

    def test_costs_few_runs_of_each_case_where_floors_are_far(self) -> None:
        for one in self.played(1.5, 0.6):
            self.assertLessEqual(one.runs, 3 * (5 + 8 + 1))

    def test_says_what_it_can_come_to_and_has_a_time_of_every_case_in_the_problems_order(self) -> None:
        for one in self.played(1.5):
            stopped = one.outcome.get("stopped")
            assert stopped is not None
            self.assertGreaterEqual(stopped["speedupMost"], slower(1.5).speedup())
            self.assertLess(stopped["speedupMost"], stopped["needed"]["speedup"])
            self.assertLessEqual(stopped["timeLeastNs"], slower(1.5).time_ns())
            self.assertGreater(stopped["timeLeastNs"], stopped["needed"]["timeNs"])
            self.assertEqual([timing["case"] for timing in one.outcome["timings"]], list(BASELINE))
            for timing in one.outcome["timings"]:
                self.assertLessEqual(timing["speedupLow"], timing["speedup"])
                self.assertLessEqual(timing["speedup"], timing["speedupHigh"])

    def test_is_timed_to_the_end_where_a_few_runs_only_looked_like_it(self) -> None:
        """All cases were left once, and come again."""
        near = [play(slower(1.0), race_against(), seed, Conduct(noise=0.05, hump=0.15, hump_share=0.5, stretch=12)) for seed in range(40)]
        whole = [one for one in near if not one.is_stopped]
        self.assertTrue(whole)
        for one in whole:
            self.assertGreaterEqual(min(timing["candidate"]["runs"] for timing in one.outcome["timings"]), RULES["runsMin"])


class TheRace(unittest.TestCase):
    def task(self, race: bool) -> JudgeTask:
        task: JudgeTask = {
            "attemptId": "", "deviceId": "", "problemKey": "", "artifact": "", "plans": {}, "timing": RULES, "record": None, "limitMs": 1,
            "waitedMs": 0,
        }
        if race:
            task["race"] = race_against()
        return task

    def test_is_entered_only_where_every_baseline_is_remembered(self) -> None:
        facts, cases = Facts(), list(BASELINE)
        for case in cases:
            self.assertIsNone(entered(self.task(True), facts, cases))
            facts.remember_baseline(case, 1, timing_statistics([BASELINE[case]], 1))
        self.assertIsNotNone(entered(self.task(True), facts, cases))
        self.assertIsNone(entered(self.task(False), facts, cases))

    def test_begins_with_the_case_that_tells_most_for_its_cost(self) -> None:
        race = Race(race_against(), {case: timing_statistics([ns], 1) for case, ns in BASELINE.items()})
        for case, ns in (("small", 60e3), ("middle", 900e3), ("large", 800e3)):
            race.saw_check(case, ns, 4.0)
        self.assertEqual(sorted(BASELINE, key=race.gain, reverse=True), ["small", "middle", "large"])

    def test_is_lost_to_nobody_by_single_launches_and_warms_up_shortly_where_they_took_very_long(self) -> None:
        for launch_ns, runs in ((250e3, 5), (1e9, 2)):
            race = Race(race_against(), {case: timing_statistics([ns], 1) for case, ns in BASELINE.items()})
            for case in BASELINE:
                race.saw_check(case, launch_ns, 4.0)
            self.assertFalse(race.is_lost())
            self.assertEqual(race.warm_up_runs(5), runs)


SLOW = """/* kiln
launch:
  - kernel: f
    args: [a, b, out, n]
*/
void f(const float* a, const float* b, float* out, int n) {
  for (volatile int turn = 0; turn < 12; turn++)
    for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  CHEAT
}
"""
CASES = {"odd": ("check", 10_007), "256K": ("bench", 1 << 18), "1M": ("bench", 1 << 20)}
OUT_OF_REACH: WantedRace = {"speedup": 0.5, "timeNs": 1.0, "leastNs": {"256K": 20e3, "1M": 80e3}}


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class RealCandidates(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.rig, cls.problem = Rig("cpu", Path(cls.folder.name)), vector_add("cpu", CASES)
        cls.baseline = (ROOT / "kernels" / "vector_add" / "baseline.c").read_text()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.rig.close()
        cls.folder.cleanup()

    def judged(self, source: str, race: Optional[WantedRace] = OUT_OF_REACH) -> dict[str, Any]:
        return cast(dict[str, Any], self.rig.judge(self.problem, source, race=race))

    def test_are_stopped_early_once_their_baseline_is_known_and_after_every_check(self) -> None:
        slow, wrong = SLOW.replace("CHEAT", ""), SLOW.replace("CHEAT", "if (n == 10007) out[n - 1] = 0;")
        self.assertEqual(self.judged(self.baseline, None)["outcome"]["verdict"], "passed")
        result = self.judged(slow)
        outcome = result["outcome"]
        self.assertEqual((outcome["verdict"], outcome["checkedCases"]), ("passed", len(CASES)))
        self.assertEqual([timing["case"] for timing in outcome["timings"]], ["256K", "1M"])
        self.assertLess(outcome["stopped"]["speedupMost"], 0.5)
        self.assertEqual(self.judged(wrong)["outcome"]["verdict"], "wrong_answer")
        whole = self.judged(slow, None)
        self.assertNotIn("stopped", whole["outcome"])
        self.assertLess(timed_runs(result), timed_runs(whole))

    def test_are_checked_in_what_was_timed_of_them(self) -> None:
        """Right in its checks, wrong from its sixth launch on."""
        self.judged(self.baseline, None)
        late = SLOW.replace("CHEAT", "static int calls; if (++calls > 5) for (int i = 0; i < n; i++) out[i] = 0;")
        self.assertEqual(self.judged(late)["outcome"]["verdict"], "wrong_answer")


def timed_runs(result: dict[str, Any]) -> int:
    return sum(timing["candidate"]["runs"] for timing in result["outcome"]["timings"])


if __name__ == "__main__":
    unittest.main()
