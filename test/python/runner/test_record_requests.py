"""Programs that are recorded between judgements: one at a time on a device, kept by content, and each told once with what it came to."""
import asyncio
import json
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Optional
from unittest import mock

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.artifact import store_artifact
from kiln_runner.compile.pool import compiled, infra
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.devices.slot_events import Prepared, SlotEvents
from kiln_runner.frames import Frame, encode
from kiln_runner.judge.answering import AnsweringArtifact
from kiln_runner.process import Children, Command
from kiln_runner.programs import record_requests
from kiln_runner.programs.device_memory import shortage
from kiln_runner.programs.record_requests import BESIDE_MAX, RecordPorts, RecordRequests
from kiln_runner.programs.record_run import Asked
from kiln_runner.programs.recording_shape import INDEX, INPUTS_BASE
from kiln_runner.programs.triton_kernels import UNPREPARED_WORDS
from kiln_runner.programs.zygotes import Zygotes
from test.python.programs.small_cubin import ARCHITECTURE
from test.python.programs.test_record_task import CONTRACTS, DOUBLE, HEAD, unit_of

from .drive import REPOSITORY, RUNNER_ROOT, WAIT_S
from .noted_companions import NotedCompanions

GPU = {
    "id": "GPU-test", "kind": "gpu", "model": "Played GPU", "architecture": ARCHITECTURE, "memoryBytes": 1024, "multiprocessors": 1, "l2Bytes": 1,
    "copyBytesPerSecond": None, "unavailable": None,
}
ENVIRONMENT = {"name": "torch", "sandbox": {"level": "namespaces"}, "recorder": "cupti", "warnings": []}
BUILT = "b" * 64
KEY = "c" * 64
WANTS = f"# wants: {KEY}\n{DOUBLE}"


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
        self.compiles: list[tuple[str, Any, Any]] = []
        self.withdrawn: list[str] = []
        ports = RecordPorts(self.answered, lambda: self.environments, self.artifacts, self.compile, lambda run: self.withdrawn.append(run) is None)
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
            companions=NotedCompanions(),
        )
        return DeviceSlot(self.children, device, self.command("faulty_judge.py"), events)

    def compile(self, run: str, unit: Any, _limit_ms: float, then: Any) -> None:
        self.compiles.append((run, unit, then))
        self.news.set()

    def compiled(self, *files: str) -> None:
        """Answers the last of what was asked of the compile pool, with these kernels."""
        artifact = f"{len(self.compiles):064x}"
        meta: Any = {"language": "python", "architecture": ARCHITECTURE, "kernels": {}, "compiler": "", "log": "", "resources": {}}
        store_artifact(self.artifacts, artifact, meta, {"program.json": b"{}", **dict.fromkeys(files, b"")})
        self.cache.added(artifact)
        self.compiles[-1][2](compiled(artifact, meta, cached=False, duration_ms=1))

    def answered(self, header: dict) -> None:
        self.answers.append(header)
        self.news.set()

    def ask(self, compile_id: str, source: str, **changes: Any) -> None:
        header: Any = {"type": "record", "compileId": compile_id, "unit": unit_of(source, **changes), "limitMs": 600_000}
        self.records.on_record(header, Frame({}, b"", b""))

    async def compiles_asked_for(self, count: int) -> None:
        await self.until(lambda: len(self.compiles) == count)

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

    async def test_one_that_is_to_answer_is_an_artifact_with_what_was_built_of_it_and_nothing_runs_on_the_device(self) -> None:
        result = await self.answer("one", f"{DOUBLE}# ends: over it would have run\n", by="answers")
        self.assertEqual((result["status"], result.get("cached")), ("compiled", False), result)
        document = AnsweringArtifact(self.artifacts / result["artifact"]).document
        self.assertEqual((document["environment"], document["environmentKey"]), ("torch", "e" * 64))
        self.assertEqual(document["program"]["cases"], unit_of(DOUBLE)["cases"])
        self.assertTrue((self.artifacts / result["artifact"] / "program.json").exists())
        self.assertTrue((await self.answer("again", f"{DOUBLE}# ends: over it would have run\n", by="answers"))["cached"])
        self.assertNotEqual((await self.answer("recorded", DOUBLE))["artifact"], result["artifact"])
        self.assertFalse(self.records.is_busy)

    async def test_one_that_answers_with_tritons_kernels_is_called_until_none_is_missing(self) -> None:
        source = f"# triton\n# wants: {'1' * 64}\n{DOUBLE}"
        self.ask("one", source, by="answers")
        await self.compiles_asked_for(1)
        self.compiled("1" * 64)
        result = await self.answer("one")
        self.assertEqual(result["status"], "compiled", result)
        folder = self.artifacts / result["artifact"]
        self.assertTrue((folder / ("1" * 64)).exists(), "what was compiled for it goes along")
        self.assertFalse((folder / INDEX).exists(), "nothing was recorded")
        raising = await self.answer("two", "# triton\nimport nowhere\n", by="answers")
        self.assertEqual(raising["outcome"]["verdict"], "crashed", "what fails at its import fails wherever it is")

    async def test_one_that_answers_and_is_cancelled_while_its_zygote_gets_ready_is_not_kept(self) -> None:
        with mock.patch.object(record_requests, "read_run", side_effect=record_requests.read_run) as reading:
            self.ask("one", DOUBLE, by="answers")
            self.assertTrue(self.records.cancel("one"))
            self.assertFalse(self.records.is_busy)
            self.assertEqual((await self.answer("two", DOUBLE, by="answers"))["status"], "compiled")
        self.assertEqual(reading.call_count, 1, "two would write into one folder at once")

    async def test_what_was_built_of_one_that_answers_stays_while_its_zygote_gets_ready(self) -> None:
        self.ask("one", DOUBLE, by="answers")
        self.assertEqual(dict(self.cache._pins), {BUILT: 1})
        self.assertEqual((await self.answer("one"))["status"], "compiled")
        self.assertEqual(dict(self.cache._pins), {})

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

    async def test_one_that_blames_the_recorder_is_believed_where_a_known_program_is_not_recorded_either(self) -> None:
        outcome = (await self.answer("blames", "# blames\n"))["outcome"]
        self.assertEqual(outcome["verdict"], "contract")
        self.assertIn("says that the recorder does not work here, and it does: libcupti is not here", outcome["message"])
        self.environments = [{**ENVIRONMENT, "warnings": [f"{UNPREPARED_WORDS}: no gcc"]}]
        self.assertEqual((await self.answer("limited", "# blames\n"))["failure"]["code"], "environment_missing")
        self.environments = [ENVIRONMENT]
        self.path.joinpath("broken").touch()
        self.assertEqual((await self.answer("broken", DOUBLE))["failure"]["code"], "environment_missing")
        self.path.joinpath("broken").unlink()
        self.assertEqual((await self.answer("one", DOUBLE))["status"], "compiled")
        self.assertFalse(self.records.is_busy)

    async def test_lacking_memory_is_its_fault_unless_the_device_was_short_of_it(self) -> None:
        needs_much = f"{HEAD}def custom_kernel(data):\n    played_gpu.gpu.empty([2 << 30])\n"
        short = self.path / "short"
        for runs_short, verdict in ((0, "crashed"), (1, "crashed"), (2, None), (9, None)):
            with self.subTest(runs_short):
                short.write_bytes(bytes(runs_short))
                result = await self.answer(f"{runs_short}", f"# {runs_short}\n{needs_much}")
                self.assertEqual(result.get("outcome", {}).get("verdict"), verdict, result)
                if verdict:
                    self.assertIn("CUDA out of memory: 8589934592 bytes", result["outcome"]["message"])
                else:
                    self.assertEqual(result["failure"]["code"], "out_of_memory")
                    self.assertIn("GPU-test: the GPU is short of memory: 1073741824 of 85899345920 bytes were free", result["failure"]["message"])
        short.write_bytes(bytes(9))
        too_much = needs_much.replace("2 << 30", "1 << 40")
        self.assertEqual((await self.answer("bounds", too_much))["outcome"]["verdict"], "crashed", "more than any program may have")
        self.assertEqual((await self.answer("honest", DOUBLE))["status"], "compiled", "a little is enough for it")
        short.write_bytes(bytes(9))
        raising = DOUBLE.replace("return out", "raise ValueError('its own')")
        self.assertEqual((await self.answer("raises", raising))["outcome"]["verdict"], "crashed")
        self.assertFalse(self.records.is_busy)

    async def test_one_that_claims_the_device_short_of_memory_whenever_it_runs_is_not_believed(self) -> None:
        claims = f"# blames\n# blaming: {shortage(0, 80 << 30)}\n{DOUBLE}"
        outcome = (await self.answer("claims", claims))["outcome"]
        self.assertEqual(outcome["verdict"], "contract")
        self.assertIn("says that the recorder does not work here, and it does: the GPU is short of memory", outcome["message"])

    async def test_one_that_blames_the_recorder_beside_others_is_tried_alone_first(self) -> None:
        """They may have left the device too little memory for a recorder."""
        self.ask("first", "# hangs\n")
        await self.until(lambda: self.slots["GPU-test"].reservations.is_reserved)
        self.ask("blames", f"{DOUBLE}# blames once\n")
        self.ask("other", DOUBLE)
        await self.until(lambda: self.slots["GPU-test"].reservations.has_turn)
        self.records.cancel("first")
        self.assertEqual((await self.answer("other"))["status"], "compiled")
        self.assertEqual((await self.answer("blames"))["status"], "compiled")

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

    async def test_what_the_runner_asks_for_itself_is_none_of_a_daemons(self) -> None:
        told: list[Any] = []

        def tell(result: Any) -> None:
            told.append(result)
            self.news.set()

        self.records.record(Asked("reference of x", {**unit_of(DOUBLE), "side": "reference"}, 20_000, tell))
        self.records.forget()
        await self.until(lambda: bool(told))
        self.assertEqual((told[0]["status"], self.answers), ("compiled", []), told)
        index = json.loads((self.artifacts / told[0]["artifact"] / INDEX).read_text())
        text = json.loads((self.artifacts / told[0]["artifact"] / index["case-0"]).read_text())
        self.assertEqual({window["name"]: window["base"] for window in text["windows"]}["inputs"], INPUTS_BASE)

    async def test_kernels_that_it_launches_and_nobody_compiled_are_compiled_without_the_device_and_it_is_recorded_anew(self) -> None:
        self.ask("one", WANTS)
        await self.until(lambda: len(self.compiles) == 1)
        self.assertFalse(self.slots["GPU-test"].reservations.is_reserved, "others have the device meanwhile")
        self.assertEqual((await self.answer("other", DOUBLE))["status"], "compiled")
        unit = self.compiles[0][1]
        self.assertEqual(([kernel["key"] for kernel in unit["kernels"]], "cases" in unit, "built" in unit), ([KEY], False, False))
        self.compiled(KEY)
        result = await self.answer("one")
        self.assertEqual(result["status"], "compiled", result)
        self.assertTrue((self.artifacts / result["artifact"] / INDEX).exists())

    async def test_a_kernel_that_is_missing_also_when_it_was_compiled_is_the_end(self) -> None:
        self.ask("one", WANTS)
        await self.until(lambda: len(self.compiles) == 1)
        self.compiled()
        outcome = (await self.answer("one"))["outcome"]
        self.assertEqual(outcome["verdict"], "contract")
        self.assertIn("scale is missing also after it was compiled", outcome["message"])

    async def test_what_the_compile_pool_says_is_told(self) -> None:
        failed: Any = {"status": "failed", "outcome": {"verdict": "timed_out"}, "durationMs": 1, "compiler": ""}
        for number, result in enumerate((failed, infra("out_of_disk", "no space"))):
            self.answers.clear()
            self.ask("one", WANTS)
            await self.compiles_asked_for(number + 1)
            self.compiles[-1][2](result)
            self.assertEqual(await self.answer("one"), result)
        self.assertFalse(self.records.is_busy)

    async def test_one_that_is_cancelled_while_its_kernels_are_compiled_leaves_nothing(self) -> None:
        self.ask("one", WANTS)
        await self.until(lambda: len(self.compiles) == 1)
        self.assertTrue(self.records.cancel("one"))
        self.assertEqual((self.withdrawn, self.records.is_busy), ([self.compiles[0][0]], False))
        self.compiled(KEY)
        self.assertEqual((await self.answer("two", DOUBLE))["status"], "compiled")
        self.assertEqual([header["compileId"] for header in self.answers], ["two"])

    async def test_what_waits_for_the_same_device_is_recorded_side_by_side(self) -> None:
        await self.side_by_side()
        for number in range(BESIDE_MAX):
            self.assertTrue(self.slots["GPU-test"].reservations.is_reserved)
            self.records.cancel(f"{number}")
        await self.until(lambda: [list(run.asked) for run in self.records._runs.values()] == [[f"{BESIDE_MAX}"]] and bool(self.records._beside))
        self.records.cancel(f"{BESIDE_MAX}")
        self.assertEqual((await self.answer("last", DOUBLE))["status"], "compiled")

    async def test_an_environment_whose_programs_are_built_is_ready_before_one_is_to_be_recorded(self) -> None:
        self.records.warm("torch")
        [zygote] = self.zygotes._running.values()
        await self.until(lambda: zygote._is_ready)
        self.assertFalse(self.records.is_busy)
        self.assertEqual((await self.answer("one", DOUBLE))["status"], "compiled")
        self.assertEqual(list(self.zygotes._running.values()), [zygote])

    async def test_one_that_records_nothing_here_is_not_started(self) -> None:
        for changes in ({"recorder": "none"}, {"sandbox": {"level": "none"}}, {"name": "other"}):
            self.environments = [{**ENVIRONMENT, **changes}]
            self.records.warm("torch")
        self.environments = [ENVIRONMENT]
        self.records.warm("other")
        self.device["kind"] = "cpu"
        self.records.warm("torch")
        self.assertEqual(self.zygotes._running, {})

    async def side_by_side(self) -> None:
        """As many as may be, and one that waits."""
        self.ask("first", "# hangs\n")
        await self.until(lambda: self.slots["GPU-test"].reservations.is_reserved)
        for number in range(BESIDE_MAX + 1):
            self.ask(f"{number}", f"# hangs\n# {number}\n")
        await self.until(lambda: self.slots["GPU-test"].reservations.has_turn)
        self.records.cancel("first")
        await self.until(lambda: sum(map(len, self.records._beside.values())) == BESIDE_MAX)

    def begun(self) -> list[str]:
        return sorted(asked for run in self.records._runs.values() if run.has_begun for asked in run.asked)

    @mock.patch.object(record_requests, "TOPPED_UP_S", 3600.0)
    async def test_who_waits_takes_the_place_of_one_that_has_ended_while_others_go_on(self) -> None:
        await self.side_by_side()
        self.records.cancel("0")
        await self.until(lambda: self.begun() == [f"{number}" for number in range(1, BESIDE_MAX + 1)])
        self.assertEqual(sum(map(len, self.records._beside.values())), BESIDE_MAX)
        for number in range(1, BESIDE_MAX + 1):
            self.records.cancel(f"{number}")
        self.assertEqual((await self.answer("last", DOUBLE))["status"], "compiled")

    async def test_nobody_does_once_the_device_was_held_for_long(self) -> None:
        with mock.patch.object(record_requests, "TOPPED_UP_S", 0.0):
            await self.side_by_side()
            self.records.cancel("0")
            await self.until(lambda: sum(map(len, self.records._beside.values())) == BESIDE_MAX - 1)
            self.assertEqual(self.begun(), [f"{number}" for number in range(1, BESIDE_MAX)])

    async def test_what_fails_beside_another_is_tried_alone_before_it_has_a_verdict(self) -> None:
        self.ask("first", "# hangs\n")
        await self.until(lambda: self.slots["GPU-test"].reservations.is_reserved)
        self.ask("fails", DOUBLE + "# beside: over it took more than 5 bytes of memory\n")
        self.ask("other", DOUBLE)
        await self.until(lambda: self.slots["GPU-test"].reservations.has_turn)
        self.records.cancel("first")
        self.assertEqual((await self.answer("other"))["status"], "compiled")
        self.assertEqual((await self.answer("fails"))["status"], "compiled")


if __name__ == "__main__":
    unittest.main()
