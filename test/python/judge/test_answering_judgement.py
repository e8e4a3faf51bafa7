"""A whole judgement of a program that answers, played: when its process is begun, calibrated, asked for what it did wrong, and ended."""
import unittest
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from kiln_runner.judge.answering import MEMORY_BESIDE_MAX, NOTHING_PLANNED, Answering, begin_answering, refuse_no_answers
from kiln_runner.judge.failures import CandidateFailure, DeviceFault, InfraFailure, LaunchRejected
from kiln_runner.judge.outcomes import contract
from kiln_runner.judge.schedule import NULL
from kiln_runner.judge.stopwatch import Stopwatch
from kiln_runner.protocol import Plan
from kiln_runner.protocol_outcomes import Answers

from .played_races import Kernels, PlayedLock, play, race_for

KERNELS = Kernels({"small": 120e3, "large": 900e3}, {"small": 100e3, "large": 800e3})


class PlayedAnswering(Answering):
    """`did`: what it was asked for, in order. `fails`: what is raised at one of these."""

    def __init__(self, **fails: Exception) -> None:
        self.did: list[str] = []
        self.fails, self.is_free, self.is_hindered = fails, True, False
        # Of the device's memory, whenever it is asked for.
        self.free: list[int] = []

    def plan(self, case: str) -> Plan:
        return NOTHING_PLANNED

    def prove(self) -> None:
        self._do("prove")

    def begin(self, limit_ms: float) -> None:
        self._do("begin")

    def calibrate(self) -> None:
        self._do("calibrate")

    @property
    def null(self) -> Any:
        return NULL

    def hindered(self) -> bool:
        return self.is_hindered and any(what.startswith("refuse") for what in self.did)

    def refuse(self, case: str) -> None:
        self._do(f"refuse {case}")

    def told(self, case: str) -> Answers:
        self._do(f"told {case}")
        return {"uncertaintyNs": 8400.0, "semantics": "released", "nullNs": 299_000.0}

    def free_bytes(self) -> int:
        return self.free.pop(0)

    def settle(self) -> bool:
        self._do("settle")
        return self.is_free

    def close(self) -> None:
        self._do("close")

    def _do(self, what: str) -> None:
        self.did.append(what)
        name = what.split()[0]
        if name in self.fails and self.did.count(what) == 1:
            raise self.fails[name]


def judged(program: PlayedAnswering, **task_has: Any) -> Any:
    return play(KERNELS, task_has.pop("race", None), 3, candidate=program, plans={}, **task_has).outcome


class Judged(unittest.TestCase):
    def failure(self, program: PlayedAnswering) -> Any:
        with self.assertRaises((CandidateFailure, InfraFailure)) as caught:
            judged(program)
        return caught.exception

    def test_it_needs_no_plan_and_its_times_say_what_they_are_worth(self) -> None:
        program = PlayedAnswering()
        timings = judged(program)["timings"]
        self.assertEqual([(timing["case"], timing["answers"]["nullNs"]) for timing in timings], [("small", 299_000.0), ("large", 299_000.0)])
        self.assertNotIn("settle", program.did)

    def test_it_is_begun_once_and_what_it_did_wrong_is_asked_for_behind_each_case(self) -> None:
        program = PlayedAnswering()
        judged(program)
        expected = ["prove", "calibrate", "begin", "refuse large", "refuse small", "told small", "refuse large", "told large"]
        self.assertEqual(program.did, expected)

    def test_what_is_taken_off_is_measured_while_no_program_has_a_process_that_could_make_it_longer(self) -> None:
        did: list[str] = []
        sides = [PlayedAnswering(), PlayedAnswering()]
        for name, side in zip(("candidate", "record"), sides):
            side.did = cast(Any, SimpleNamespace(append=lambda what, name=name: did.append(f"{name} {what}")))
        bench: Any = SimpleNamespace(lock=PlayedLock(), watch=Stopwatch())
        begin_answering(cast(Any, sides), bench, cast(Any, {"limitMs": 1.0}), lambda: did.append("alone"))
        self.assertEqual([what.split()[-1] for what in did], ["prove", "calibrate", "prove", "calibrate", "alone", "begin", "begin"])
        self.assertEqual(did[2:4], ["candidate prove", "candidate calibrate"], "its own environment's process is the one that is left")

    def test_what_is_held_up_while_others_are_timed_is_its_own_doing_where_nobody_else_answers(self) -> None:
        program, others = PlayedAnswering(), [PlayedAnswering()]
        program.is_hindered = True
        failure = self.failure(program)
        self.assertEqual((failure.outcome["verdict"], failure.outcome["case"]), ("contract", "small"))
        self.assertIn("while others are timed", failure.outcome["message"])
        with self.assertRaises(InfraFailure):
            refuse_no_answers(cast(Any, program), cast(Any, others), "small")

    def test_what_makes_the_baseline_slower_once_its_process_is_there_is_in_what_is_shown(self) -> None:
        alone = {"small": 100e3, "large": 800e3}
        kernels = Kernels(KERNELS.candidate, dict(alone))
        program = PlayedAnswering()
        slower = {case: 1.5 * ns for case, ns in alone.items()}
        with patch.object(program, "begin", lambda _limit_ms: cast(Any, kernels.baseline).update(slower)):
            timings = play(kernels, None, 3, candidate=program, plans={}).outcome["timings"]
        for timing in timings:
            honest = alone[timing["case"]] / KERNELS.candidate[timing["case"]]
            self.assertGreater(timing["speedup"], 1.4 * honest)
            self.assertLess(timing["speedupLow"], 1.03 * honest)

    def test_nobody_is_stopped_by_what_a_first_call_took(self) -> None:
        race = race_for(Kernels({"small": 10e3, "large": 90e3}, KERNELS.baseline), 10.0, 0.9)
        self.assertIn("stopped", play(KERNELS, race, 3).outcome)
        self.assertNotIn("stopped", judged(PlayedAnswering(), race=race))

    def test_whatever_ends_a_judgement_early_ends_its_process_and_frees_the_stream(self) -> None:
        wrong = CandidateFailure(contract("small", "it writes late"))
        for fails in ({"begin": InfraFailure("suspended", "none came")}, {"refuse": wrong}, {"calibrate": InfraFailure("internal", "off")}):
            program = PlayedAnswering(**fails)
            failure = self.failure(program)
            self.assertEqual((program.did[-1], failure.lost), ("settle", False))

    def test_memory_of_the_device_that_comes_free_with_its_process_was_its_own_doing(self) -> None:
        missing = InfraFailure("out_of_memory", "no room for the case large")
        for freed, code in ((MEMORY_BESIDE_MAX + 1, "contract"), (MEMORY_BESIDE_MAX, "out_of_memory")):
            program = PlayedAnswering(refuse=missing)
            program.free = [1 << 30, (1 << 30) + freed]
            failure = self.failure(program)
            self.assertEqual(failure.outcome["verdict"] if isinstance(failure, CandidateFailure) else failure.code, code)
            self.assertEqual((program.did[-1], program.free), ("settle", []))

    def test_so_does_a_launch_that_the_driver_refuses(self) -> None:
        program = PlayedAnswering(refuse=LaunchRejected("launch[0]", "it takes too many resources"))
        self.assertEqual((self.failure(program).outcome["verdict"], program.did[-1]), ("plan_error", "settle"))

    def test_where_the_stream_does_not_come_free_the_judge_goes_with_it(self) -> None:
        program = PlayedAnswering(refuse=CandidateFailure(contract("small", "it writes late")))
        program.is_free = False
        self.assertTrue(self.failure(program).lost)

    def test_a_broken_device_is_told_as_ever(self) -> None:
        failure = self.failure(PlayedAnswering(refuse=DeviceFault("an illegal address", lost=True)))
        self.assertEqual((failure.outcome["verdict"], failure.lost), ("crashed", True))


if __name__ == "__main__":
    unittest.main()
