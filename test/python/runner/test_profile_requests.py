"""Profiles between judgements: one at a time on a device, bounded in time, answered once."""
import asyncio
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable, Optional

from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.slot_events import Prepared, SlotEvents
from kiln_runner.devices.task import Task
from kiln_runner.frames import encode
from kiln_runner.process import Children, Command
from kiln_runner.profile.requests import ProfilePorts, ProfileRequests

from . import samples
from .drive import AMPLE_MS, RUNNER_ROOT, WAIT_S
from .noted_companions import NotedCompanions

GPU = {
    "id": "GPU-test", "kind": "gpu", "model": "Test GPU", "architecture": "sm_90a", "memoryBytes": 1024, "multiprocessors": 1, "l2Bytes": 1,
    "copyBytesPerSecond": None, "unavailable": None,
}
UNIT = samples.c_unit()
PROBLEM = samples.problem(UNIT)
ANSWERS, HANGS, DIES, MISSING = (letter * 64 for letter in "abcd")


class Book:
    def definition(self, key: str) -> Optional[dict]:
        return PROBLEM if key == PROBLEM["key"] else None


class Cache:
    """Pins as the real cache counts them."""

    def __init__(self) -> None:
        self.pins: list[str] = []

    def meta(self, artifact: str) -> Optional[dict]:
        return None if artifact == MISSING else {"resources": {}}

    def pin(self, artifact: str) -> None:
        self.pins.append(artifact)

    def unpin(self, artifact: str) -> None:
        self.pins.remove(artifact)


class Desk(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="kiln-desk-")
        self.path = Path(self.folder.name)
        self.answers: list[tuple[dict, bytes]] = []
        self.results: list[dict] = []
        self.cache = Cache()
        self.news = asyncio.Event()

    async def asyncSetUp(self) -> None:
        self.children = Children(asyncio.get_running_loop())
        self.environment = {**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self.slots = {"GPU-test": self.slot(dict(GPU)), "cpu": self.slot({**GPU, "id": "cpu", "kind": "cpu"})}
        ports = ProfilePorts(lambda _device, folder: self.command("fake_profiler.py", str(folder)), self.answered, self.path)
        self.profiles = ProfileRequests(self.children, self.slots, Book(), self.cache, ports)

    async def asyncTearDown(self) -> None:
        for slot in self.slots.values():
            slot.stop()
        await self.children.end_all()
        self.folder.cleanup()

    def command(self, script: str, folder: str) -> Command:
        return Command([sys.executable, str(Path(__file__).with_name(script)), self.folder.name], self.environment, folder)

    def slot(self, device: dict) -> DeviceSlot:
        prepared = Prepared(encode({"type": "problem"}))
        events = SlotEvents(
            problem=lambda _key: prepared, missing_artifact=lambda _task: None, started=lambda _attempt, _device: self.news.set(),
            finished=self.finished, released=lambda _task: None, device_changed=lambda _device: self.news.set(), damaged=lambda _task: None,
            companions=NotedCompanions(),
        )
        return DeviceSlot(self.children, device, self.command("faulty_judge.py", self.folder.name), events)

    def finished(self, result: dict, _started: Optional[str]) -> None:
        self.results.append(result)
        self.news.set()

    def answered(self, header: dict, payload: bytes) -> None:
        self.answers.append((header, payload))
        self.news.set()

    def ask(self, profile_id: str, artifact: str = ANSWERS, device_id: str = "GPU-test", limit_ms: float = AMPLE_MS) -> None:
        self.profiles.on_profile({
            "type": "profile", "profileId": profile_id, "deviceId": device_id, "problemKey": PROBLEM["key"], "artifact": artifact,
            "case": "case-0", "plan": samples.plan(), "limitMs": limit_ms,
        }, b"")

    def submit(self, what: str) -> None:
        body = {
            "attemptId": samples.attempt(), "problemKey": "p", "artifact": "a", "record": None, "plans": {what: {}}, "limitMs": 20_000,
            "waitedMs": 0,
        }
        self.slots["GPU-test"].submit(Task(body["attemptId"], body, encode({"type": "judge", "task": body})[8:], time.monotonic_ns()))

    def open_gate(self) -> None:
        (self.path / "answers").touch()

    def begun(self) -> list[str]:
        """How those that began were asked to answer."""
        reported = self.path / "told"
        lines = reported.read_text().splitlines() if reported.exists() else []
        return [line.split()[1] for line in lines if line.split()[1] in "abc"]

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, "nothing came in time")
            self.news.clear()
            try:
                # Files of the children tell no news.
                await asyncio.wait_for(self.news.wait(), 0.02)
            except asyncio.TimeoutError:
                pass

    async def test_a_profile_is_answered_with_its_report_and_leaves_nothing_behind(self) -> None:
        self.open_gate()
        self.ask("one")
        await self.until(lambda: len(self.answers) == 1)
        header, payload = self.answers[0]
        self.assertEqual((header["profileId"], header["result"]["status"], payload), ("one", "done", b"raw"))
        self.assertEqual(header["result"]["summary"]["case"], "case-0")
        self.assertEqual(self.cache.pins, [])
        self.assertEqual(list(self.path.glob("profile-*")), [])
        self.assertGreater(self.slots["GPU-test"].totals.snapshot(time.monotonic_ns())["profilingMs"], 0)

    async def test_while_a_profile_has_the_device_no_task_starts_and_no_second_profile(self) -> None:
        self.ask("one")
        await self.until(lambda: len(self.begun()) == 1)
        self.submit("passed")
        self.ask("two")
        self.ask("two")
        self.assertIsNone(self.slots["GPU-test"].running_id)
        self.open_gate()
        await self.until(lambda: len(self.results) == 1 and len(self.answers) == 2)
        self.assertEqual([header["profileId"] for header, _ in self.answers], ["one", "two"])
        self.assertEqual(self.results[0]["outcome"]["verdict"], "passed")
        idle = self.slots["GPU-test"].totals.snapshot(time.monotonic_ns())["idleWithWorkMs"]
        self.assertLess(idle, 100, "the time of a profile is no idle time")

    async def test_tasks_have_the_device_between_two_profiles(self) -> None:
        self.ask("one")
        await self.until(lambda: len(self.begun()) == 1)
        self.ask("two")
        self.submit("passed")
        order: list[str] = []
        self.slots["GPU-test"]._events = self.slots["GPU-test"]._events._replace(finished=lambda *_: order.append("task"))
        self.profiles._ports = self.profiles._ports._replace(send=lambda header, _payload: order.append(header["profileId"]))
        self.open_gate()
        await self.until(lambda: len(order) == 3)
        self.assertEqual(order, ["one", "task", "two"])

    async def test_a_profile_that_hangs_costs_its_limit_and_nothing_else(self) -> None:
        self.ask("hung", HANGS, limit_ms=300)
        self.submit("passed")
        await self.until(lambda: len(self.answers) == 1 and len(self.results) == 1)
        result = self.answers[0][0]["result"]
        self.assertEqual(result["status"], "failed")
        self.assertIn("no end of the profile in 300 ms", result["message"])
        self.assertEqual(self.results[0]["outcome"]["verdict"], "passed")

    async def test_a_profiling_process_that_dies_is_no_fault_of_the_candidate(self) -> None:
        self.ask("dead", DIES)
        await self.until(lambda: len(self.answers) == 1)
        failure = self.answers[0][0]["result"]["failure"]
        self.assertEqual(failure["code"], "worker_died")
        self.assertIn("ended with 7: no luck", failure["message"])

    async def test_what_cannot_be_profiled_is_answered_at_once_with_the_reason(self) -> None:
        self.ask("cpu", device_id="cpu")
        self.ask("gone", device_id="GPU-other")
        self.ask("artifact", MISSING)
        self.assertEqual([header["result"]["status"] for header, _ in self.answers], ["failed", "infra", "infra"])
        self.assertIn("need a GPU", self.answers[0][0]["result"]["message"])
        self.assertEqual([header["result"]["failure"]["code"] for header, _ in self.answers[1:]], ["device_lost", "unknown_artifact"])

    async def test_a_daemon_that_is_gone_is_answered_no_more_and_its_profile_is_killed(self) -> None:
        self.ask("running", HANGS)
        await self.until(lambda: len(self.begun()) == 1)
        self.ask("queued")
        self.profiles.abandon()
        self.open_gate()
        self.ask("next")
        await self.until(lambda: len(self.answers) == 1)
        self.assertEqual(self.answers[0][0]["profileId"], "next")
        self.assertEqual((self.begun(), self.cache.pins), (["b", "a"], []))


if __name__ == "__main__":
    unittest.main()
