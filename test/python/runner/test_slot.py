"""One device slot with a judge that fails as asked: who is blamed, how long the device is lost, and that it comes back."""
import asyncio
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable, Optional

from kiln_runner import time_limit
from kiln_runner.devices import judges, losses, slot, task_limits
from kiln_runner.devices.judges import STARTING_MAX
from kiln_runner.devices.reservations import Reservation
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.slot_events import Prepared, SlotEvents
from kiln_runner.devices.standby_count import STANDBYS_MAX, standbys_for
from kiln_runner.devices.task import Task
from kiln_runner.frames import encode
from kiln_runner.process import Children, Command

from . import samples
from .drive import AMPLE_MS, RUNNER_ROOT, WAIT_S
from .noted_companions import NotedCompanions

# As long as the faulty judge waits for a lock.
WAITED_S = 1.5
# Of limits that a judge may pass by standing still for a moment: whoever counted what must not count would find it over each time.
TRIES = 10
DEVICE = {
    "id": "GPU-test", "kind": "gpu", "model": "Test GPU", "architecture": "sm_90a", "memoryBytes": 80 * 1024**3, "multiprocessors": 1, "l2Bytes": 1,
    "copyBytesPerSecond": None, "unavailable": None,
}


class FaultyDevice(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="kiln-slot-")
        self.results: list[tuple[dict, Optional[str]]] = []
        self.news = asyncio.Event()
        self.bodies: dict = {}
        self.companions = NotedCompanions(self.news.set)

    async def asyncSetUp(self) -> None:
        # A machine that is busy may take long to put another judge in place; its result is to tell of that.
        self.patch("HELD_S", losses, WAIT_S)
        self.children = Children(asyncio.get_running_loop())
        self.slot = self.make_slot()

    async def asyncTearDown(self) -> None:
        self.slot.stop()
        await self.children.end_all()
        self.folder.cleanup()

    def make_slot(self) -> DeviceSlot:
        script = Path(__file__).with_name("faulty_judge.py")
        environment = {**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        command = Command([sys.executable, str(script), self.folder.name], environment, self.folder.name)
        prepared = Prepared(encode({"type": "problem"}))
        events = SlotEvents(
            problem=lambda _key: prepared, missing_artifact=lambda _task: None, started=lambda _attempt, _device: self.news.set(),
            finished=self.finished, released=lambda _task: None, device_changed=lambda _device: self.news.set(), damaged=lambda _task: None,
            companions=self.companions,
        )
        return DeviceSlot(self.children, dict(DEVICE), command, events)

    def finished(self, result: dict, started: Optional[str]) -> None:
        self.results.append((result, started))
        self.news.set()

    def write(self, name: str, count: int) -> None:
        (Path(self.folder.name) / name).write_text(str(count))

    def submit(self, what: str, limit_ms: float = AMPLE_MS, artifact: str = "a") -> str:
        attempt_id = samples.attempt()
        body = {
            "attemptId": attempt_id, "problemKey": "p", "artifact": artifact, "record": None, "plans": {what: {"launches": []}}, "limitMs": limit_ms,
            "waitedMs": 0,
        }
        raw = encode({"type": "judge", "task": body})[8:]
        self.slot.submit(Task(attempt_id, body, raw, time.monotonic_ns()))
        return attempt_id

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for news of the slot until the condition holds."""
        deadline = time.monotonic() + WAIT_S
        while not condition():
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), deadline - time.monotonic())

    async def judged(self, count: int) -> list[dict]:
        await self.until(lambda: len(self.results) >= count)
        return [result for result, _ in self.results]

    async def warm(self) -> None:
        """Resident and standbys are up, so that what follows measures a takeover, not a start."""
        self.submit("passed")
        await self.judged(1)
        await self.started(1 + STANDBYS_MAX)
        self.results.clear()

    async def started(self, count: int) -> None:
        """Waits until so many judges have started in all."""
        starts = Path(self.folder.name) / "starts"
        deadline = time.monotonic() + WAIT_S
        while len(starts.read_text().split()) < count:
            assert time.monotonic() < deadline, f"{starts.read_text().split()} judges, not {count}"
            await asyncio.sleep(0.005)

    async def test_a_reservation_of_a_device_that_is_unavailable_is_refused_at_once_whoever_asks(self) -> None:
        self.slot._on_unavailable("somebody computes there")
        begun, refused = [], []
        self.slot.reservations.add(Reservation(lambda: begun.append(True), refused.append))
        self.assertEqual([failure["code"] for failure in refused], ["device_lost"])
        self.assertIn("somebody computes there", refused[0]["message"])
        self.slot._on_unavailable(None)
        self.slot._on_usable()
        self.assertEqual(begun, [])

    async def test_a_lost_context_costs_its_candidate_only_and_the_standby_goes_on_in_milliseconds(self) -> None:
        await self.warm()
        self.submit("context_lost")
        following = self.submit("passed")
        first, second = await self.judged(2)
        self.assertEqual(first["outcome"]["verdict"], "crashed")
        self.assertGreater(first["outcome"]["lostMs"], 0)
        self.assertEqual(self.results[0][1], following)
        self.assertEqual(second["outcome"]["verdict"], "passed")

    async def test_two_losses_in_a_row_are_taken_over_by_judges_that_were_parked_before(self) -> None:
        await self.warm()
        self.write("bad_starts", 1000)
        for what in ("context_lost", "context_lost", "passed"):
            self.submit(what)
        verdicts = [result["outcome"]["verdict"] for result in await self.judged(3)]
        self.assertEqual(verdicts, ["crashed", "crashed", "passed"])

    async def test_a_judge_that_retires_is_replaced_at_once_and_its_result_waits_for_nothing(self) -> None:
        await self.warm()
        self.write("bad_starts", 1000)
        for what in ("retires", "retires", "passed"):
            self.submit(what)
        results = await self.judged(3)
        self.assertEqual([result["outcome"]["verdict"] for result in results], ["passed"] * 3)
        self.assertNotIn("lostMs", results[0]["outcome"])
        self.assertEqual([started for _, started in self.results[:2]], [None, None], "the next one starts in another judge, later")
        self.assertGreater(self.slot.totals.snapshot(time.monotonic_ns())["faultMs"], 0)

    async def test_a_loss_is_replaced_by_one_judge(self) -> None:
        await self.warm()
        self.submit("context_lost")
        await self.started(2 + STANDBYS_MAX)

    def reported(self) -> dict[str, list[list[str]]]:
        """pid -> what it was told, in order."""
        reported: dict[str, list[list[str]]] = {}
        file = Path(self.folder.name) / "told"
        for line in file.read_text().splitlines() if file.exists() else ():
            pid, *words = line.split(" ")
            reported.setdefault(pid, []).append(words)
        return reported

    async def until_told(self, condition: Callable[[dict[str, list[list[str]]]], bool]) -> None:
        """Waits until the judges have been told enough."""
        deadline = time.monotonic() + WAIT_S
        while not condition(self.reported()):
            assert time.monotonic() < deadline, self.reported()
            await asyncio.sleep(0.005)

    async def test_parked_judges_are_told_the_problem_in_use_and_what_the_resident_learned(self) -> None:
        await self.warm()
        await self.until_told(lambda reported: sum(["problem", ""] in words for words in reported.values()) == 1 + STANDBYS_MAX)
        self.submit("learns")
        await self.until_told(lambda reported: sum(words[-1] == ["known", "case-0,7"] for words in reported.values()) == STANDBYS_MAX)

    async def test_a_judge_that_starts_later_is_told_what_was_learned_before_the_problem(self) -> None:
        await self.warm()
        self.submit("learns")
        self.submit("context_lost")
        await self.until_told(lambda reported: len(reported) == 2 + STANDBYS_MAX and len(list(reported.values())[-1]) == 3)
        latest = list(self.reported().values())[-1]
        self.assertEqual(latest, [["start", "--standby"], ["known", "case-0,7"], ["problem", ""]])

    async def test_only_the_first_judge_is_started_to_measure_the_device_by_itself(self) -> None:
        await self.warm()
        starts = [words[0] for words in self.reported().values()]
        self.assertEqual(starts, [["start", ""]] + [["start", "--standby"]] * STANDBYS_MAX)

    async def test_few_judges_are_begun_at_a_time(self) -> None:
        self.write("gate", 0)
        self.submit("passed")
        begun = []
        for count in (1, 1 + STARTING_MAX, min(1 + 2 * STARTING_MAX, 1 + STANDBYS_MAX)):
            await self.until_told(lambda reported, count=count: len(reported) == count)
            begun.append(len(self.slot._judges._standbys))
            self.write("gate", count)
        self.assertEqual(begun, [1, STARTING_MAX, min(2 * STARTING_MAX, STANDBYS_MAX)])
        await self.judged(1)

    async def test_a_judgement_without_memory_ends_the_parked_judges_and_the_next_goes_on(self) -> None:
        await self.warm()
        pids = list(self.reported())
        for what in ("no_memory", "context_lost", "passed"):
            self.submit(what, artifact=what)
        first, _, last = await self.judged(3)
        self.assertEqual((first["infra"]["code"], last["outcome"]["verdict"]), ("out_of_memory", "passed"))
        await self.until_gone(pids[1:])
        self.assertEqual(self.slot._judges._standbys, [], "the one that serves was started after the fault; none is parked beside it yet")

    async def test_once_the_code_that_lacked_memory_was_tried_again_judges_are_parked_as_before(self) -> None:
        """For a minute without them every fault cost the start of a judge."""
        for again in ("passed", "no_memory", "context_lost"):
            with self.subTest(again):
                await self.warm()
                already = len((Path(self.folder.name) / "starts").read_text().split())
                self.submit("no_memory", artifact="large")
                self.submit("passed", artifact="other")
                await self.judged(2)
                self.assertEqual(self.slot._judges._standbys, [])
                self.submit(again, artifact="large")
                await self.judged(3)
                await self.started(already + STANDBYS_MAX)
                self.results.clear()
                self.slot.stop()
                (Path(self.folder.name) / "starts").unlink()
                self.slot = self.make_slot()

    async def until_gone(self, pids: list[str]) -> None:
        deadline = time.monotonic() + WAIT_S
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            assert time.monotonic() < deadline, f"{pids} are alive"
            await asyncio.sleep(0.005)

    async def test_small_devices_park_few_judges_and_a_cpu_none(self) -> None:
        sizes = {gib: standbys_for({**DEVICE, "memoryBytes": gib * 1024**3}) for gib in (2, 8, 16, 24, 40, 80, 192)}
        self.assertEqual(sizes, {2: 1, 8: 1, 16: 2, 24: 3, 40: 5, 80: 8, 192: 8})
        self.assertEqual(standbys_for({**DEVICE, "kind": "cpu"}), 0)

    async def test_a_standby_that_measures_the_copy_rate_beside_work_does_not_lower_it(self) -> None:
        self.slot._on_device({**DEVICE, "copyBytesPerSecond": 3e12})
        self.slot._on_device({**DEVICE, "copyBytesPerSecond": 1e12})
        self.assertEqual(self.slot.device["copyBytesPerSecond"], 3e12)

    async def test_a_judge_that_dies_in_a_case_convicts_the_candidate_with_the_signal(self) -> None:
        self.submit("die_late")
        self.submit("passed")
        first, second = await self.judged(2)
        self.assertEqual((first["outcome"]["verdict"], first["outcome"]["case"]), ("crashed", "case-0"))
        self.assertEqual(first["outcome"]["message"], "judge process died with signal 11")
        self.assertEqual(second["outcome"]["verdict"], "passed")

    async def test_a_judge_that_exits_in_a_case_convicts_the_candidate_with_the_code(self) -> None:
        self.submit("exit_late")
        first, = await self.judged(1)
        self.assertEqual(first["outcome"]["message"], "judge process died with exit code 7")

    async def test_a_judge_that_somebody_kills_in_a_case_convicts_nobody(self) -> None:
        # SIGTERM: as a host that is shut down does it.
        for what in ("killed_late", "ended_late", "passed"):
            self.submit(what)
        first, second, third = await self.judged(3)
        for result in (first, second):
            self.assertEqual((result["outcome"], result["infra"] and result["infra"]["code"]), (None, "worker_died"), result)
            self.assertIn("check case-0", result["infra"]["message"])
        self.assertEqual(third["outcome"]["verdict"], "passed")

    async def test_a_judge_that_dies_before_it_touched_the_candidate_is_no_verdict(self) -> None:
        self.submit("die_early")
        self.submit("passed")
        first, second = await self.judged(2)
        self.assertEqual((first["outcome"], first["infra"]["code"]), (None, "worker_died"))
        self.assertEqual(second["outcome"]["verdict"], "passed")

    async def test_a_hanging_check_is_killed_at_its_limit_and_told_with_its_case(self) -> None:
        await self.warm()
        self.submit("hang", limit_ms=1000)
        following = self.submit("passed")
        first, second = await self.judged(2)
        outcome = first["outcome"]
        self.assertGreater(outcome.pop("lostMs"), 0)
        self.assertEqual(outcome, {"verdict": "timed_out", "stage": "check", "case": "case-0", "limitMs": 1000})
        self.assertEqual(self.results[0][1], following)
        self.assertGreater(first["phases"]["checkMs"], 900)
        self.assertEqual(second["outcome"]["verdict"], "passed")

    async def test_a_wait_for_the_devices_lock_takes_nothing_of_the_candidates_limit(self) -> None:
        await self.warm()
        last: dict = {}
        for _ in range(TRIES):
            self.submit("waits", limit_ms=WAITED_S * 1000 - 500)
            (last,) = await self.judged(1)
            self.results.clear()
            if last["outcome"] == {"verdict": "passed", "timings": [], "checkedCases": 1}:
                return
        self.fail(f"over its limit each time, or without its time: {last}")

    async def test_a_process_that_a_judge_asks_for_is_started_for_its_device_and_waiting_for_it_is_not_the_candidates_time(self) -> None:
        await self.warm()
        last: dict = {}
        for _ in range(TRIES):
            for noted in (self.companions.started, self.companions.ended, self.results):
                noted.clear()
            self.submit("accompanied", limit_ms=WAITED_S * 1000 - 500)
            await self.until(lambda: self.companions.started == [("GPU-test", "7.1")] or bool(self.results))
            if self.companions.started:
                self.companions.tell({"type": "companion_ended", "id": "7.1", "how": "answered", "why": "", "log": ""})
            (last,) = await self.judged(1)
            if (last["outcome"] or {}).get("verdict") == "passed":
                break
        self.assertEqual((last["outcome"] or {}).get("verdict"), "passed", last)
        self.assertEqual(self.companions.ended, ["7.1"])

    async def test_processes_end_with_the_judge_that_asked_for_them(self) -> None:
        await self.warm()
        for number, what in enumerate(("context_lost", "die_late", "retires", "exit_late")):
            self.companions.ended.clear()
            self.submit(what)
            await self.judged(number + 1)
            self.assertIn("GPU-test", self.companions.ended, what)
        self.companions.ended.clear()
        cancelled = self.submit("hang")
        await self.until(lambda: self.slot.running_id == cancelled)
        self.slot.cancel(cancelled)
        self.assertEqual(self.companions.ended, ["GPU-test"])

    async def test_a_judge_that_waits_for_a_process_for_ever_is_no_verdict(self) -> None:
        self.patch("COMPANION_S_MAX", task_limits, 0.05)
        await self.warm()
        self.submit("waits_for_companion")
        first, = await self.judged(1)
        self.assertEqual((first["infra"] or {}).get("code"), "suspended", first)

    async def test_a_device_whose_lock_somebody_keeps_takes_no_work_and_says_who_until_it_is_free(self) -> None:
        self.patch("RECHECK_S", judges, 0.05)
        await self.warm()
        self.write("foreign", 1)
        for what in ("locked", "passed"):
            self.submit(what)
        results = {(result["infra"] or {}).get("code"): result for result in await self.judged(2)}
        self.assertEqual(set(results), {"device_locked", "device_lost"})
        self.assertIn("the lock is held by pid 7", results["device_lost"]["infra"]["message"])
        await self.until(lambda: self.slot.device["unavailable"] is None)
        self.submit("passed")
        self.assertEqual((await self.judged(3))[2]["outcome"]["verdict"], "passed")

    async def test_a_judge_that_is_stopped_convicts_nobody_and_the_standby_takes_over(self) -> None:
        self.patch("STOPPED_S_MAX", time_limit, 0.3)
        await self.warm()
        self.submit("stops")
        self.submit("passed")
        first, second = await self.judged(2)
        self.assertEqual((first["outcome"], first["infra"]["code"]), (None, "suspended"))
        self.assertRegex(first["infra"]["message"], r"at check case-0: process \d+ is stopped by a signal")
        self.assertEqual(second["outcome"]["verdict"], "passed")

    async def test_a_judge_that_never_begins_convicts_nobody(self) -> None:
        self.patch("BEGIN_S_MAX", slot, 0.2)
        await self.warm()
        self.submit("mute", limit_ms=50)
        first, = await self.judged(1)
        self.assertEqual((first["outcome"], first["infra"]["code"]), (None, "suspended"))

    def patch(self, name: str, module: object, seconds: float) -> None:
        self.addCleanup(setattr, module, name, getattr(module, name))
        setattr(module, name, seconds)

    async def test_every_tenth_candidate_may_kill_the_context_and_all_get_their_verdict(self) -> None:
        kinds = ["context_lost" if index % 10 == 9 else "passed" for index in range(40)]
        for kind in kinds:
            self.submit(kind)
        results = await self.judged(40)
        verdicts = [result["outcome"]["verdict"] for result in results]
        self.assertEqual(verdicts, ["crashed" if kind == "context_lost" else "passed" for kind in kinds])
        self.assertEqual(self.slot.totals.snapshot(time.monotonic_ns())["judged"], 40)

    def announced(self) -> list[str]:
        """The attempts that judges were told to come next, in order; "None" where that was taken back."""
        return [words[1] for reported in self.reported().values() for words in reported if words[0] == "upcoming"]

    async def test_the_judge_is_told_what_comes_next_and_what_does_not(self) -> None:
        await self.warm()
        self.submit("hang")
        second, third, last = (self.submit("passed") for _ in range(3))
        await self.until_told(lambda _reported: self.announced() == [second])
        self.assertTrue(self.slot.retract(second))
        self.assertTrue(self.slot.retract(last))
        self.slot.cancel(third)
        await self.until_told(lambda _reported: self.announced() == [second, third, "None"])
        fourth = self.submit("passed")
        await self.until_told(lambda _reported: self.announced() == [second, third, "None", fourth])

    async def test_a_judge_that_takes_over_is_told_what_follows_its_own_task(self) -> None:
        await self.warm()
        hangs = self.submit("hang")
        second, third = (self.submit("passed") for _ in range(2))
        await self.until_told(lambda _reported: self.announced() == [second])
        self.slot.cancel(hangs)
        await self.judged(3)
        resident, successor = [
            [words[1] for words in reported if words[0] == "upcoming"]
            for reported in self.reported().values() if any(words[0] == "upcoming" for words in reported)
        ]
        self.assertEqual((resident, successor), ([second], [third]))

    async def test_a_judge_that_fails_to_start_is_tried_again(self) -> None:
        self.write("bad_starts", 2)
        self.submit("passed")
        first, = await self.judged(1)
        self.assertEqual(first["outcome"]["verdict"], "passed")

    async def test_a_device_whose_judge_never_starts_is_unavailable_with_its_last_words_and_may_come_back(self) -> None:
        self.write("bad_starts", 3)
        self.submit("passed")
        first, = await self.judged(1)
        self.assertEqual(first["infra"]["code"], "device_lost")
        self.assertIn("no context today", self.slot.device["unavailable"])
        await self.until(lambda: self.slot.device["unavailable"] is None)
        self.submit("passed")
        self.assertEqual((await self.judged(2))[1]["outcome"]["verdict"], "passed")

    async def test_a_device_that_somebody_else_uses_takes_no_work_until_they_are_gone(self) -> None:
        recheck_s, judges.RECHECK_S = judges.RECHECK_S, 0.05
        self.addCleanup(setattr, judges, "RECHECK_S", recheck_s)
        self.write("foreign", 3)
        self.submit("passed")
        refused, = await self.judged(1)
        self.assertIn("foreign process 7", refused["infra"]["message"])
        await self.until(lambda: self.slot.device["unavailable"] is None)
        self.assertEqual((Path(self.folder.name) / "foreign").read_text(), "0", "it was asked again while they were there")
        self.submit("passed")
        self.assertEqual((await self.judged(2))[1]["outcome"]["verdict"], "passed")

    async def test_a_failed_canary_keeps_the_device_back_until_one_passes(self) -> None:
        self.write("bad_canaries", 1)
        self.submit("context_lost")
        self.submit("passed")
        first, second = await self.judged(2)
        self.assertEqual((Path(self.folder.name) / "bad_canaries").read_text(), "0")
        self.assertEqual(first["outcome"]["verdict"], "crashed")
        self.assertEqual(second["outcome"]["verdict"], "passed")

    async def test_what_a_judge_says_of_its_device_is_taken_over(self) -> None:
        self.submit("passed")
        await self.judged(1)
        self.assertEqual(self.slot.device["copyBytesPerSecond"], 3e12)
        self.assertEqual(self.slot.device["model"], "Test GPU")


if __name__ == "__main__":
    unittest.main()
