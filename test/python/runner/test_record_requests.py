"""Programs that are recorded between judgements: one at a time on a device, kept by content, and each told once with what it came to."""
import asyncio
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Optional

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.artifact import store_artifact
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.slot_events import Prepared, SlotEvents
from kiln_runner.frames import Frame, encode
from kiln_runner.process import Children, Command
from kiln_runner.programs.record_requests import RecordPorts, RecordRequests
from kiln_runner.programs.recording_shape import INDEX
from kiln_runner.programs.zygotes import Zygotes
from test.python.programs.small_cubin import ARCHITECTURE
from test.python.programs.test_record_task import CONTRACTS, DOUBLE, unit_of

from .drive import REPOSITORY, RUNNER_ROOT

WAIT_S = 30.0
GPU = {
    "id": "GPU-test", "kind": "gpu", "model": "Played GPU", "architecture": ARCHITECTURE, "memoryBytes": 1024, "multiprocessors": 1, "l2Bytes": 1,
    "copyBytesPerSecond": None, "unavailable": None,
}
ENVIRONMENT = {"name": "torch", "sandbox": {"level": "namespaces"}, "recorder": "cupti"}
BUILT = "b" * 64


class Recording(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="kiln-records-")
        self.path = Path(self.folder.name)
        self.artifacts = self.path / "artifacts"
        self.artifacts.mkdir()
        meta: Any = {"language": "python", "architecture": ARCHITECTURE, "kernels": {}, "compiler": "", "log": "", "resources": {}}
        store_artifact(self.artifacts, BUILT, meta, {"program.json": b"{}"})
        self.answers: list[dict] = []
        self.news = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.children = Children(loop)
        self.environment = {**os.environ, "PYTHONPATH": f"{RUNNER_ROOT}:{REPOSITORY}", "PYTHONDONTWRITEBYTECODE": "1"}
        self.device = dict(GPU)
        self.slots = {"GPU-test": self.slot(self.device)}
        self.cache = ArtifactCache(self.artifacts)
        tool = {"name": "torch", "path": sys.executable, "key": "e" * 64}
        self.compilers = SimpleNamespace(
            tools={"environments": [tool]}, version=lambda _unit: "torch", fix=lambda unit: f"no {unit['environment']}"
        )
        self.zygotes = Zygotes(self.children, lambda _tool: self.command("fake_zygote.py"))
        self.environments = [ENVIRONMENT]
        ports = RecordPorts(self.answered, lambda: self.environments, self.artifacts)
        self.records = RecordRequests(loop, self.slots, self.cache, self.compilers, self.zygotes, ports)

    async def asyncTearDown(self) -> None:
        self.zygotes.stop()
        for slot in self.slots.values():
            slot.stop()
        await self.children.end_all()
        self.records.close()
        self.folder.cleanup()

    def command(self, script: str) -> Command:
        return Command([sys.executable, str(Path(__file__).with_name(script)), self.folder.name], self.environment, self.folder.name)

    def slot(self, device: dict) -> DeviceSlot:
        events = SlotEvents(
            problem=lambda _key: Prepared(encode({"type": "problem"})), missing_artifact=lambda _task: None,
            started=lambda _attempt, _device: self.news.set(), finished=lambda _result, _started: self.news.set(), released=lambda _task: None,
            device_changed=lambda _device: self.news.set(), damaged=lambda _task: None,
        )
        return DeviceSlot(self.children, device, self.command("faulty_judge.py"), events)

    def answered(self, header: dict) -> None:
        self.answers.append(header)
        self.news.set()

    def ask(self, compile_id: str, source: str, **changes: Any) -> None:
        header: Any = {"type": "record", "compileId": compile_id, "unit": unit_of(source, **changes), "limitMs": 20_000}
        self.records.on_record(header, Frame({}, b"", b""))

    async def answer(self, compile_id: str, source: Optional[str] = None, **changes: Any) -> dict:
        if source is not None:
            self.ask(compile_id, source, **changes)
        await self.until(lambda: any(header["compileId"] == compile_id for header in self.answers))
        [header] = [header for header in self.answers if header["compileId"] == compile_id]
        return header["result"]

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"nothing came in time: {self.answers}")
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), 0.05)
            except asyncio.TimeoutError:
                pass

    async def test_a_program_becomes_an_artifact_and_the_same_again_is_known(self) -> None:
        result = await self.answer("one", DOUBLE)
        self.assertEqual((result["status"], result.get("cached")), ("compiled", False), result)
        self.assertTrue((self.artifacts / result["artifact"] / INDEX).exists())
        self.assertIn("recorded case-0: scale", result["log"])
        again = await self.answer("two", DOUBLE)
        self.assertEqual((again["artifact"], again["cached"]), (result["artifact"], True))
        other = await self.answer("three", DOUBLE, deviceModel="Other GPU")
        self.assertEqual(other["failure"]["code"], "device_lost")
        self.assertFalse(self.records.is_busy)

    async def test_what_it_does_wrong_is_its_verdict(self) -> None:
        words, line = next(iter(CONTRACTS.items()))
        broken = DOUBLE.replace("return out", line)
        for source, verdict, said in (
            (broken, "contract", words), ("import nowhere\n", "crashed", "No module named 'nowhere'"),
            ("# ends: timed_out it did not end\n", "timed_out", ""),
            ("# ends: over it took more than 5 bytes of memory\n", "contract", "5 bytes of memory"),
            ("# ends: ended \n", "contract", "ended its own process\nit printed:\nwhat it printed"),
        ):
            with self.subTest(source):
                result = await self.answer(source, source)
                self.assertEqual((result["status"], result.get("outcome", {}).get("verdict")), ("failed", verdict), result)
                self.assertIn(said, result["outcome"].get("message", ""))

    async def test_what_the_host_lacks_is_not_its_fault(self) -> None:
        ends = {"suspended it got no time": "suspended", "unconfinable no walls": "environment_missing"}
        codes = {**{f"# ends: {how}\n": code for how, code in ends.items()}, "# dies\n": "worker_died"}
        for source, code in codes.items():
            with self.subTest(code):
                self.assertEqual((await self.answer(source, source))["failure"]["code"], code)
        self.assertEqual((await self.answer("built", DOUBLE, built="c" * 64))["failure"]["code"], "unknown_artifact")
        self.assertEqual((await self.answer("gone", DOUBLE, environment="gone"))["failure"]["code"], "environment_missing")
        self.environments = [{**ENVIRONMENT, "recorder": "none"}]
        self.assertEqual((await self.answer("none", DOUBLE))["failure"]["code"], "environment_missing")
        self.environments = [ENVIRONMENT]
        self.assertEqual((await self.answer("one", DOUBLE))["status"], "compiled", "the next one finds another zygote")

    async def test_whatever_fails_while_an_answer_is_read_is_told_to_who_asked(self) -> None:
        self.compilers.version = lambda _unit: object()
        failure = (await self.answer("one", DOUBLE))["failure"]
        self.assertEqual(failure["code"], "internal")
        self.assertIn("cannot be read: TypeError", failure["message"])
        self.assertFalse(self.records.is_busy)

    async def test_one_has_the_device_at_a_time_and_one_that_is_cancelled_lets_it_go(self) -> None:
        self.ask("hangs", "# hangs\n")
        await self.until(lambda: self.slots["GPU-test"].reservations.is_reserved)
        self.ask("next", DOUBLE)
        self.assertEqual(self.answers, [])
        self.assertTrue(self.records.cancel("hangs"))
        self.assertFalse(self.records.cancel("hangs"))
        self.assertEqual((await self.answer("next"))["status"], "compiled")
        self.assertEqual([header["compileId"] for header in self.answers], ["next"], "one that was taken back is told nothing")

    async def test_two_that_ask_for_the_same_are_told_of_one_run(self) -> None:
        self.ask("one", DOUBLE)
        self.ask("two", DOUBLE)
        self.ask("two", DOUBLE)
        first, second = await self.answer("one"), await self.answer("two")
        self.assertEqual(first, second)
        self.assertEqual(len(self.answers), 2)

    async def test_a_daemon_that_attaches_anew_asks_again(self) -> None:
        self.ask("one", "# hangs\n")
        self.ask("two", DOUBLE)
        self.records.forget()
        self.assertEqual((await self.answer("three", DOUBLE))["status"], "compiled")
        self.assertEqual([header["compileId"] for header in self.answers], ["three"])
        await self.until(lambda: not self.records.is_busy)


if __name__ == "__main__":
    unittest.main()
