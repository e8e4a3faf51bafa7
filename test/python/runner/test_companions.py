"""Processes in which programs answer, as the runner starts them for its judges: of a zygote that is played."""
import asyncio
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable

from kiln_runner.process import Children, Command
from kiln_runner.programs.companions import RUNNING_MAX, Companions, Equipment
from kiln_runner.programs.zygotes import Zygotes
from test.python.programs.test_record_task import DOUBLE, unit_of

from .drive import REPOSITORY, RUNNER_ROOT, WAIT_S

KEY = "e" * 64
TOOL: Any = {"name": "torch", "path": sys.executable, "key": KEY}
ENVIRONMENT: Any = {"name": "torch", "key": KEY, "recorder": "cupti", "sandbox": {"level": "namespaces", "boundedBy": "watching"}, "warnings": []}
DEVICE: Any = {"id": "GPU-test"}


class Accompanied(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="kiln-companions-")
        self.environment = {**os.environ, "PYTHONPATH": f"{RUNNER_ROOT}:{REPOSITORY}", "PYTHONDONTWRITEBYTECODE": "1"}
        self.children = Children(asyncio.get_running_loop())
        self.tools, self.environments = [TOOL], [ENVIRONMENT]
        self.zygotes = Zygotes(self.children, lambda _tool: self.command())
        self.companions = Companions(self.zygotes, Equipment(lambda: self.tools, lambda: self.environments, Path(self.folder.name)))
        self.ended: list[Any] = []
        self.news = asyncio.Event()

    async def asyncTearDown(self) -> None:
        self.zygotes.stop()
        await self.children.end_all()
        self.folder.cleanup()

    def command(self) -> Command:
        return Command([sys.executable, str(Path(__file__).with_name("fake_zygote.py")), self.folder.name], self.environment, self.folder.name)

    def ask(self, name: str, more: str = "", device: Any = DEVICE, **changes: Any) -> None:
        unit = unit_of(f"{DOUBLE}\n{more}\n")
        program = {name: unit[name] for name in ("files", "entry", "architecture", "cases")}
        asked: Any = {
            "type": "companion", "id": name, "artifact": "a" * 64, "environment": "torch", "environmentKey": KEY, "program": program,
            "socket": "/nowhere", "limitS": 60.0, **changes,
        }

        def tell(ended: Any) -> None:
            self.ended.append(ended)
            self.news.set()

        self.companions.start(device, asked, tell)

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"nothing came in time: {self.ended}")
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), 0.05)
            except asyncio.TimeoutError:
                pass

    def noted(self) -> list[str]:
        """What the zygote was asked to run and to stop."""
        file = Path(self.folder.name, "noted")
        return file.read_text().splitlines() if file.exists() else []

    async def test_how_it_ended_is_told_with_what_it_printed(self) -> None:
        self.ask("7.1", "# ends: over it took more than 5 bytes of memory")
        await self.until(lambda: bool(self.ended))
        [ended] = self.ended
        self.assertEqual((ended["type"], ended["id"], ended["how"]), ("companion_ended", "7.1", "over"))
        self.assertEqual((ended["why"], ended["log"]), ("it took more than 5 bytes of memory", "what it printed"))

    async def test_what_it_is_asked_for_names_the_device_the_socket_and_what_was_built(self) -> None:
        self.ask("7.1", "# hangs")
        await self.until(lambda: self.noted() == ["run companion.7.1 answer /nowhere GPU-test " + "a" * 64])
        self.ask("7.2", "# hangs", artifact=None)
        await self.until(lambda: self.noted()[1:] == ["run companion.7.2 answer /nowhere GPU-test -"])

    async def test_one_that_is_ended_is_told_of_as_any_other(self) -> None:
        self.ask("7.1", "# hangs")
        await self.until(lambda: len(self.noted()) == 1)
        for name in ("7.1", "7.2"):
            self.companions.end(name)
        await self.until(lambda: bool(self.ended))
        self.assertEqual([(one["id"], one["how"]) for one in self.ended], [("7.1", "suspended")])

    async def test_one_that_is_ended_while_the_zygote_gets_ready_never_begins(self) -> None:
        self.ask("7.1", "# hangs")
        self.companions.end("7.1")
        self.assertEqual([(one["id"], one["how"]) for one in self.ended], [("7.1", "suspended")])
        self.ask("7.2", "# hangs")
        await self.until(lambda: bool(self.noted()))
        self.assertTrue(self.noted()[0].startswith("run companion.7.2"))

    async def test_all_of_a_judge_that_is_gone_are_ended_and_told_to_nobody(self) -> None:
        self.ask("7.1", "# hangs")
        self.ask("8.1", "# hangs", device={"id": "GPU-other"})
        await self.until(lambda: len(self.noted()) == 2)
        self.companions.end_all("GPU-test")
        await self.until(lambda: "stop companion.7.1" in self.noted())
        self.companions.end("8.1")
        await self.until(lambda: bool(self.ended))
        self.assertEqual([one["id"] for one in self.ended], ["8.1"])

    async def test_a_zygote_that_dies_takes_them_along_and_it_is_told(self) -> None:
        self.ask("7.1", "# hangs")
        self.ask("7.2", "# dies")
        await self.until(lambda: len(self.ended) == 2)
        self.assertEqual({one["how"] for one in self.ended}, {"lost"})

    async def test_what_the_host_lacks_is_told_at_once(self) -> None:
        self.ask("7.1", environmentKey="f" * 64)
        self.environments = [{**ENVIRONMENT, "sandbox": {"level": "none", "boundedBy": "watching"}}]
        self.ask("7.2")
        self.environments = []
        self.ask("7.3")
        self.assertEqual([(one["id"], one["how"]) for one in self.ended], [("7.1", "unconfinable"), ("7.2", "unconfinable"), ("7.3", "unconfinable")])

    async def test_no_more_than_so_many_run_at_a_time(self) -> None:
        for number in range(RUNNING_MAX + 1):
            self.ask(f"7.{number}", "# hangs")
        self.assertEqual([(one["id"], one["how"]) for one in self.ended], [(f"7.{RUNNING_MAX}", "suspended")])


if __name__ == "__main__":
    unittest.main()
