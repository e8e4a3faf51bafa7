"""What a judgement does while the device works: it changes no order that a promise rests on, and what is thrown away leaves nothing."""
import random
import sys
import unittest
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Optional, cast
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import TIMING

from kiln_runner.judge.beforehand import Beforehand, Sources
from kiln_runner.judge.bench import Bench, Following
from kiln_runner.judge.checking import Terms
from kiln_runner.judge.device import LAST, nothing
from kiln_runner.judge.facts import Facts
from kiln_runner.judge.failures import CandidateFailure, DeviceFault, InfraFailure
from kiln_runner.judge.hard_inputs import Deck
from kiln_runner.judge.judgement import Judgement
from kiln_runner.judge.left_behind import LeftBehind
from kiln_runner.judge.measuring import Conditions, Control, Drawn, FirstChunk, HowTimed, Warmth, time_sides
from kiln_runner.judge.outcomes import Comparison, Findings
from kiln_runner.judge.sampling import DRAWN_SCREENING, SLOTS, Slots
from kiln_runner.judge.schedule import Freshness, SectionPlan, TimedRun
from kiln_runner.judge.section import Ran, Section
from kiln_runner.judge.statistics import timing_statistics
from kiln_runner.judge.stopwatch import Stopwatch
from kiln_runner.judge.tensors import input_set_of
from kiln_runner.judge.turns import Timed as TimedTurn
from kiln_runner.judge.turns import read

from .played_races import PlayedLock, QuietDevice
from .test_answering_judgement import PlayedAnswering

OUTPUT = {"name": "out", "role": "out", "dtype": "f32", "elements": 1}
PLAN = {"launches": [], "scratch": {}}
RULES: Any = {**TIMING, "runsMin": 20, "runsMax": 20, "warmupRuns": 3, "targetRelativeCi": 1e-9}
RUN_NS = 50_000.0
RIGHT, WRONG = (0, 0, 0, 0.0, 1.0), (1, 2**64 - 1, 0, 1.0, 1.0)


class PlayedCase:
    """`did`: what the device is asked for, in order. Each side takes as long; what runs on a seed of `wrong_on` is wrong."""

    batch, draw_bias, cold_factor = 1, 0.002, 4.0
    hard_names = ("odd",)

    def __init__(self, name: str, did: list[str], is_wrong: bool = False) -> None:
        self.name, self._did, self.bound, self.seed, self._is_wrong = name, did, {}, 0, is_wrong
        self.drawn: list[int] = []

    def bind(self, side: str, *_: object) -> str:
        self._did.append(f"bind {side} {self.name}")
        return side

    def draw(self, seed: int) -> None:
        self.seed = seed
        self.drawn.append(seed)
        self._did.append(f"draw {self.name}")

    def execute(self, side: str) -> None:
        self._did.append(f"execute {side} {self.name}")

    def executed_ns(self) -> float:
        return 1000.0

    def run_timed(
        self, runs: Sequence[TimedRun], _runnables: Mapping[str, str], _rng: object, meanwhile: Callable[[], None] = nothing
    ) -> list[float]:
        self._did.append(f"timed {self.name}")
        for run in runs:
            self.seed = self.seed if run.seed is None else run.seed
        meanwhile()
        return [RUN_NS + 100.0 * (number % 3) for number in range(len(runs))]

    def gaps(self) -> Sequence[float]:
        return ()

    def ask_findings(self) -> None:
        self._did.append(f"asked {self.name}")

    def findings(self) -> Findings:
        self._did.append(f"findings {self.name}")
        return Findings(None, None, [Comparison(cast(Any, OUTPUT), LAST, WRONG if self._is_wrong else RIGHT)])

    def values(self, _comparison: object, _index: int) -> "tuple[str, str]":
        return "1", "2"

    def wipe(self, looks: Sequence[int]) -> None:
        self._did.append(f"wipe {self.name}")

    def close(self) -> None:
        self._did.append(f"close {self.name}")

    def _queue(self, *_: object) -> None:
        """Queued on the device."""

    arm = poison = inspect = snapshot = expect = compare = announce = compare_samples = weigh = _queue


class PlayedDevice(QuietDevice):
    """`fault`: what opening a case beside another raises."""

    def __init__(self, did: list[str], keeps: bool, wrong: str = "", fault: Optional[Exception] = None) -> None:
        self.did, self.keeps, self.cases, self._wrong, self._fault = did, keeps, dict[str, PlayedCase](), wrong, fault

    def open_case(self, _problem: object, spec: Mapping[str, Any], *_: object) -> PlayedCase:
        if spec["name"] not in self.cases:
            self.cases[spec["name"]] = PlayedCase(spec["name"], self.did, spec["name"] == self._wrong)
        return self.cases[spec["name"]]

    def keeps_open(self, _problem: object, spec: Mapping[str, Any], *_: object) -> bool:
        return self.keeps and spec["name"] in self.cases

    def open_once(self, spec: Mapping[str, Any], _scratch: object) -> PlayedCase:
        self.did.append(f"open {spec['name']}")
        return PlayedCase(spec["name"], self.did, spec["name"] == self._wrong)

    def open_beside(self, spec: Mapping[str, Any], scratch: object) -> Optional[PlayedCase]:
        if self._fault:
            raise self._fault
        return self.open_once(spec, scratch) if self.keeps else None


SPECS: "list[Any]" = [
    {"name": name, "kind": kind, "tensors": [OUTPUT], "reference": PLAN, "baseline": PLAN, "hard": [{"name": "odd", "distributions": {}}]}
    for name, kind in (("one", "check"), ("two", "bench"), ("three", "bench"))
]


def problem_of(remembered_ns: float, is_recorded: bool = False) -> Any:
    """Three cases, two of them timed, all of them trusted. `remembered_ns`: of the baseline."""
    facts = Facts()
    for spec in SPECS:
        facts.trust(spec["name"])
        facts.remember_baseline(spec["name"], 1, timing_statistics([remembered_ns * share for share in (0.99, 1, 1.01)], 1))
    definition = {"name": "played", "tolerance": {"rtol": 0, "atol": 0, "relative_l2": 1}, "cases": SPECS}
    return SimpleNamespace(
        definition=definition, facts=facts, programs=[], plan=lambda *_: PLAN, trusted=lambda side, _case, _spec: side,
        yardstick=lambda *_: "reference", is_verified=False, sides=["reference", "baseline"], is_timed_alone=False, is_recorded=is_recorded,
        changed=lambda: None,
    )


def judge(
    keeps: bool, wrong: str = "", remembered_ns: float = RUN_NS, hidden: bool = False, fault: Optional[Exception] = None,
    candidate: Optional[Any] = None, is_recorded: bool = False,
) -> "tuple[list[str], PlayedDevice, Optional[CandidateFailure]]":
    """What the device was asked for by a judgement behind one that opened the cases. `hidden`: with one more check. `is_recorded`: a side of the
    problem."""
    did: list[str] = []
    device = PlayedDevice(did, keeps, wrong, fault)
    for spec in SPECS:
        device.open_case(None, spec)
    task: Any = {"artifact": "", "plans": {spec["name"]: PLAN for spec in SPECS}, "timing": RULES, "record": None, "limitMs": 60_000}
    if hidden:
        case = {**SPECS[0], "name": "hidden"}
        task["hidden"] = {"kind": "program", "case": case} if candidate else {"kind": "case", "case": case, "plan": PLAN}
    following = Following(lambda: did.append("read next"), lambda: did.append("load next"))
    programs = {"candidate": candidate or cast(Any, SimpleNamespace(close=lambda: None))}
    bench = Bench(
        cast(Any, device), cast(Any, PlayedLock()), Path("/"), Stopwatch(), lambda *_: None, random.SystemRandom(), programs, following,
    )
    judgement = Judgement(bench, problem_of(remembered_ns, is_recorded), task)

    def reading(timed: TimedTurn) -> object:
        did.append(f"read {timed.turn.spec['name']}")
        return read(timed)

    try:
        with patch("kiln_runner.judge.judgement.read", reading):
            judgement.run()
    except CandidateFailure as failure:
        return did, device, failure
    finally:
        judgement.close()
    return did, device, None


class InOrder(unittest.TestCase):
    def test_the_next_case_is_prepared_while_the_device_checks_and_no_code_runs_before_what_it_found_is_told(self) -> None:
        did, _, failure = judge(keeps=True)
        self.assertIsNone(failure)
        asked = [number for number, entry in enumerate(did) if entry.startswith("asked")]
        between = [did[number + 1 : did.index(f"findings{did[number][5:]}", number)] for number in asked]
        # Three checks and two sections: behind each but the last what comes next is drawn, and the next candidate is loaded there.
        self.assertEqual(between, [["draw two"], ["draw three"], ["draw two"], ["draw three"], ["read three", "load next"]])

    def test_outputs_of_the_reference_are_destroyed_before_code_runs_again(self) -> None:
        did, _, _ = judge(keeps=True)
        for number, entry in enumerate(did):
            if entry.startswith("findings"):
                self.assertEqual(did[number + 1], f"wipe{entry[8:]}")

    def test_a_candidate_is_bound_to_all_cases_before_it_runs_in_any(self) -> None:
        did, _, _ = judge(keeps=True)
        ran = [number for number, entry in enumerate(did) if entry.startswith(("execute candidate", "timed"))]
        self.assertEqual(sum(entry.startswith("bind candidate") for entry in did[: ran[0]]), 3)
        self.assertEqual(did[:1], ["draw one"], "the device has work while that is done")

    def test_where_cases_share_memory_each_is_prepared_when_its_turn_comes(self) -> None:
        did, _, _ = judge(keeps=False)
        for number, entry in enumerate(did):
            if entry.startswith("asked"):
                after = [other for other in did[number + 1 :] if other != "load next" and not other.startswith("read ")]
                self.assertEqual(after[0], f"findings{entry[5:]}")

    def test_each_preparation_has_inputs_of_its_own_and_checks_have_hard_ones(self) -> None:
        for keeps in (True, False):
            _, device, _ = judge(keeps)
            drawn = [case.drawn for case in device.cases.values()]
            self.assertEqual([[input_set_of(seed) for seed in seeds] for seeds in drawn], [[1], [1, 0], [1, 0]])
            self.assertEqual(len({seed for seeds in drawn for seed in seeds}), 5)

    def test_a_wrong_output_is_found_before_the_next_case_is_run(self) -> None:
        did, _, failure = judge(keeps=True, wrong="two")
        self.assertEqual((failure.outcome["verdict"], failure.outcome["case"]) if failure else None, ("wrong_answer", "two"))
        self.assertNotIn("execute candidate three", did)

    def test_files_of_the_next_candidate_are_read_while_the_last_case_is_timed(self) -> None:
        did, _, _ = judge(keeps=True)
        self.assertTrue(did.index("timed three") < did.index("read next") < did.index("asked three", did.index("timed three")))


class Reading(unittest.TestCase):
    """When the times of a section are read."""

    def test_they_are_read_while_the_next_case_is_timed_once_all_that_was_found_is_told(self) -> None:
        did, _, _ = judge(keeps=True)
        read_at, told = did.index("read two"), [number for number, entry in enumerate(did) if entry == "findings two"]
        self.assertTrue(told[-1] < did.index("timed three") < read_at < did.index("asked three", read_at))

    def test_those_of_the_last_case_are_read_before_the_next_candidate_is_loaded(self) -> None:
        did, _, _ = judge(keeps=True)
        self.assertLess(did.index("read three"), did.index("load next"))

    def test_where_cases_share_memory_they_are_read_at_once(self) -> None:
        did, _, _ = judge(keeps=False)
        self.assertLess(did.index("read two"), did.index("timed three"))

    def test_a_case_that_turns_out_doubtful_is_timed_again_behind_the_next_and_what_it_left_was_looked_at(self) -> None:
        # The controls say that the baseline takes twice what is remembered.
        did, _, failure = judge(keeps=True, remembered_ns=RUN_NS / 2)
        self.assertIsNone(failure)
        reads = [entry for entry in did if entry.startswith("read ") and entry != "read next"]
        self.assertEqual(reads, ["read two", "read three", "read two", "read three"])
        sections = sum(entry.startswith("asked") for entry in did) - 3
        self.assertEqual(sections, 4)
        # Nothing is loaded before the last of them is read.
        self.assertGreater(did.index("load next"), max(number for number, entry in enumerate(did) if entry.startswith("read ")))


class HiddenAhead(unittest.TestCase):
    def test_it_is_opened_while_the_last_case_is_checked_and_what_is_timed_first_is_prepared_behind_it(self) -> None:
        did, _, failure = judge(keeps=True, hidden=True)
        self.assertIsNone(failure)
        opened, told = did.index("open hidden"), did.index("findings three")
        self.assertTrue(did.index("asked three") < opened < did.index("draw hidden") < told < did.index("execute candidate hidden"))
        asked = did.index("asked hidden")
        self.assertEqual(did[asked + 1 : did.index("findings hidden")], ["draw two"])

    def test_where_there_is_no_room_for_it_beside_it_is_opened_when_its_turn_comes(self) -> None:
        did, _, _ = judge(keeps=False, hidden=True)
        self.assertLess(did.index("findings three"), did.index("open hidden"))

    def test_it_is_opened_when_its_turn_comes_where_what_is_recorded_or_called_sees_one_case_at_a_time(self) -> None:
        for where in ({"is_recorded": True}, {"candidate": PlayedAnswering()}):
            did, _, failure = judge(keeps=True, hidden=True, **where)
            self.assertIsNone(failure)
            self.assertLess(did.index("findings three"), did.index("open hidden"), where)
            self.assertEqual(did.count("execute candidate hidden"), 1)

    def test_its_memory_is_given_back_when_the_judgement_ends_also_where_it_was_wrong(self) -> None:
        for wrong in ("", "three"):
            did, _, _ = judge(keeps=True, hidden=True, wrong=wrong)
            self.assertEqual((did.count("close hidden"), did[-1]), (1, "close hidden"))

    def test_a_fault_that_comes_while_it_is_opened_is_of_the_case_that_is_checked(self) -> None:
        _, _, failure = judge(keeps=True, hidden=True, fault=DeviceFault("an illegal address", lost=True))
        self.assertEqual((failure.outcome["verdict"], failure.outcome["case"]) if failure else None, ("crashed", "three"))


class Timed:
    """A case whose sides take as long as each other."""

    name, batch, seed, draw_bias = "timed", 1, 7, 0.002

    def __init__(self) -> None:
        self.chunks: list[int] = []

    def run_timed(self, runs: Sequence[TimedRun], _runnables: object, _rng: object, meanwhile: Callable[[], None]) -> list[float]:
        self.chunks.append(len(runs))
        meanwhile()
        return [RUN_NS] * len(runs)

    def gaps(self) -> Sequence[float]:
        return ()


class Planned(unittest.TestCase):
    def setUp(self) -> None:
        self.rng, self.case = random.Random(1), Timed()
        self.deck = Deck(4, self.rng)

    def planned(self, sides: Sequence[str] = ("candidate",), seed: int = 7) -> FirstChunk:
        return FirstChunk(cast(Any, self.case), sides, Drawn(RULES, self.rng, self.deck), seed, False)

    def timed(self, first: FirstChunk, run_ms: float = 0.01) -> Section:
        conditions = Conditions(RULES, Warmth(RUN_NS, run_ms), self.rng, self.deck)
        return time_sides(cast(Any, self.case), {"candidate": "candidate"}, conditions, HowTimed(first=first))

    def test_a_section_begins_with_what_was_planned_for_it(self) -> None:
        first = self.planned()
        section = self.timed(first)
        self.assertEqual(section.runs, first.runs)
        self.assertGreaterEqual(len(section.of("candidate")), RULES["runsMin"])

    def test_controls_that_were_planned_are_run_where_they_are_as_many_as_they_have_to_be(self) -> None:
        for known_ns, is_as_planned in ((RUN_NS, True), (RUN_NS * 1000, False)):
            rules = {**RULES, "runsMin": 100, "runsMax": 100}
            drawn = Drawn(rules, self.rng, self.deck)
            first = FirstChunk(cast(Any, self.case), ["candidate"], drawn, 7, False, "baseline")
            conditions, control = Conditions(rules, Warmth(RUN_NS, 0.01), self.rng, self.deck), Control("baseline", known_ns)
            both = {side: side for side in ("candidate", "baseline")}
            section = time_sides(cast(Any, self.case), both, conditions, HowTimed(control=control, first=first))
            self.assertEqual([run for run in section.runs if run.side == "candidate"], first.runs)
            self.assertEqual(section.ran.count(["baseline"]), control.runs(first.groups, True, conditions))
            self.assertEqual(section.runs == first.with_controls("baseline", first.groups // 12, self.rng), is_as_planned)

    def test_what_was_planned_for_another_section_is_not_run_and_nothing_of_it_counts_as_met(self) -> None:
        for planned in (lambda: self.planned(["candidate", "baseline"]), lambda: self.planned(seed=8)):
            met = Counter[int]()
            for _ in range(4):
                first = planned()
                section = self.timed(first)
                self.assertTrue(set(first.runs).isdisjoint(section.runs))
                met.update(input_set_of(run.seed) for run in section.runs if run.seed is not None and input_set_of(run.seed))
            # One of four kinds a section, each before any comes again.
            self.assertEqual(met, Counter(range(1, 5)))

    def test_a_section_that_cannot_afford_what_was_planned_is_shorter(self) -> None:
        first = self.planned()
        section = self.timed(first, run_ms=RULES["caseBudgetMs"] / 10)
        # And what two runs on hard inputs add.
        self.assertLessEqual(self.case.chunks[0], 10 + 2)
        self.assertTrue(set(first.runs).isdisjoint(section.runs))

    def test_the_seed_that_a_chunk_was_planned_for_is_used_once_and_for_its_case(self) -> None:
        first = self.planned(seed=99)
        self.assertIsNone(first.take_seed(cast(Any, Timed())))
        self.assertEqual([first.take_seed(cast(Any, self.case)) for _ in range(2)], [99, None])

    def test_a_case_that_is_prepared_again_has_other_inputs_than_its_plan_had(self) -> None:
        did: list[str] = []
        case, rng = PlayedCase("one", did), random.SystemRandom()
        beforehand = Beforehand(Sources(rng, random.Random(1), {"one": Deck(1, random.Random(1))}), RULES)
        beforehand.plan_ahead(cast(Any, case), ["candidate"])
        for _ in range(2):
            beforehand.prepare(cast(Any, case), is_check=False)
        first, second = case.drawn
        chunk = beforehand.take_first()
        self.assertNotEqual(first, second)
        self.assertEqual([chunk.is_about(cast(Any, SimpleNamespace(batch=1, seed=seed)), ["candidate"], False) for seed in case.drawn], [True, False])

    def test_what_is_prepared_for_a_check_is_not_timed(self) -> None:
        did: list[str] = []
        case = PlayedCase("one", did)
        beforehand = Beforehand(Sources(random.SystemRandom(), random.Random(1), {"one": Deck(1, random.Random(1))}), RULES)
        beforehand.prepare_ahead(cast(Any, case), is_check=True)
        beforehand.prepare(cast(Any, case), is_check=False)
        self.assertEqual([input_set_of(seed) for seed in case.drawn], [1, 0])


class Looked(unittest.TestCase):
    def left(self) -> LeftBehind:
        return LeftBehind(Terms({"rtol": 0, "atol": 0, "relative_l2": 0}, random.SystemRandom()), random.Random(3), confirms=False)

    def runs(self, count: int, seed: int) -> list[TimedRun]:
        plan = SectionPlan(["candidate"], 1, Freshness(random.Random(seed), False, False, 7))
        return plan.chunk(count)

    def test_what_is_compared_is_drawn_from_all_runs_of_the_section_also_where_more_followed_than_were_expected(self) -> None:
        announced: list[int] = []
        queued = dict.fromkeys(("inspect", "snapshot", "expect", "compare", "compare_samples", "ask_findings"), lambda *_: None)
        case = SimpleNamespace(name="one", batch=1, seed=7, announce=lambda samples: announced.append(len(samples)), **queued)
        left, drawn_late, sampled = self.left(), 0, list[int]()
        for trial in range(20):
            first, second = Ran(self.runs(20, trial), 7), self.runs(40, 100 + trial)
            left.draw(cast(Any, case), first)
            section = Section([*first.runs, *second], [RUN_NS] * 60, 7)
            left.look_at(cast(Any, case), cast(Any, None), section)
            sampled.append(len(section.sampled))
            proofs = left._ran.proofs if left._ran else []
            compared = {sample.slot for proof in proofs for sample in proof.samples}
            drawn_late += any(run.sample and run.sample in {sample for proof in proofs for sample in proof.samples} for run in second)
            self.assertGreaterEqual(len(compared), DRAWN_SCREENING)
        self.assertEqual((drawn_late, announced), (20, sampled))

    def test_nobody_is_told_what_was_not_looked_at(self) -> None:
        with self.assertRaises(InfraFailure):
            self.left().evaluate(cast(Any, SimpleNamespace(name="one")), cast(Any, None))


class Slotted(unittest.TestCase):
    def test_samples_taken_together_have_slots_and_keys_of_their_own_like_those_taken_one_by_one(self) -> None:
        slots = Slots(random.Random(1))
        samples = [slots.take(), *slots.take_many(100), *slots.take_many(0), slots.take()]
        self.assertEqual([sample.slot for sample in samples], list(range(102)))
        self.assertTrue(all(sample.key % 2 for sample in samples))
        self.assertEqual(len({sample.key for sample in samples}), 102)
        self.assertGreater(max(sample.key for sample in samples), 1 << 60)

    def test_past_the_last_slot_a_random_earlier_one_is_taken(self) -> None:
        taken = Counter[int]()
        for seed in range(40):
            slots = Slots(random.Random(seed))
            samples = [*slots.take_many(SLOTS - 10), *slots.take_many(20)]
            self.assertEqual([sample.slot for sample in samples[:SLOTS]], list(range(SLOTS)))
            taken.update(sample.slot for sample in samples[SLOTS:])
        self.assertGreater(len(taken), 200)


if __name__ == "__main__":
    unittest.main()
