"""The inventory is taken again: a compiler that comes or goes while the runner lives."""
import asyncio
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from kiln_runner.frames import FrameDecoder, encode
from kiln_runner.host.equipment import Probe
from kiln_runner.host.refresh import FRESH_S, IDLE_S, InventoryRefresh, Taken
from kiln_runner.paths import RunnerPaths
from kiln_runner.server import Server

from . import samples
from .drive import AMPLE_MS, WAIT_S, Client, Runner, wait_until
from .test_compiling import HAS_GCC


class ToolFolder:
    """A folder that is the whole PATH of a runner; `gcc` is put there by hand, with a version of its own."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="kiln-path-")
        for name in os.listdir("/usr/bin"):
            if "gcc" not in name and name not in ("cc", "c99", "c89"):
                os.symlink(f"/usr/bin/{name}", f"{self.path}/{name}")

    def install(self, version: str, hangs_at: str = "nothing") -> None:
        new = Path(self.path, "gcc.new")
        new.write_text(
            f'#!/bin/sh\nif [ "$*" = --version ]; then echo "gcc {version}"; exit; fi\n'
            f'export PATH={os.defpath}\ngrep -qs {hangs_at} candidate.c && while :; do :; done\nexec {shutil.which("gcc")} "$@"\n'
        )
        new.chmod(0o755)
        new.replace(Path(self.path, "gcc"))

    def remove(self) -> None:
        shutil.rmtree(self.path)


def refreshed(client: Client, refresh_id: str) -> dict:
    client.send({"type": "refresh", "refreshId": refresh_id})
    return client.wait("inventory", lambda frame: refresh_id in frame["refreshIds"])["inventory"]


@unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
class CompilerThatComes(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = ToolFolder()
        self.addCleanup(self.folder.remove)

    def test_a_compiler_that_is_installed_later_is_seen_and_used_and_so_is_another_version(self) -> None:
        with Runner(PATH=self.folder.path, KILN_SIMULATED_DEVICES="1", KILN_TRITON_PYTHON="") as runner:
            client = runner.client()
            known = client.attach()["inventory"]
            self.assertEqual((known["gcc"], "c" in known["languages"]), (None, False))
            self.assertEqual(client.compile(samples.c_unit())["failure"]["code"], "compiler_missing")
            self.folder.install("1.0")
            found = refreshed(client, "first")
            self.assertEqual((found["gcc"], "c" in found["languages"]), ("gcc 1.0", True))
            self.assertEqual((found["cores"], found["compileSlots"]), (known["cores"], known["compileSlots"]))
            self.assertFalse([warning for warning in found["warnings"] if "gcc" in warning])
            first = client.compile(samples.c_unit())
            self.assertEqual((first["status"], first["compiler"][:7]), ("compiled", "gcc 1.0"))
            self.folder.install("2.0")
            self.assertEqual(refreshed(client, "second")["gcc"], "gcc 2.0")
            second = client.compile(samples.c_unit())
            self.assertEqual((second["status"], second["cached"], second["compiler"][:7]), ("compiled", False, "gcc 2.0"))
            self.assertNotEqual(second["artifact"], first["artifact"])
            # A daemon that attaches later is told at once.
            self.assertEqual(runner.client().attach()["inventory"]["gcc"], "gcc 2.0")

    def test_what_an_older_compiler_works_on_is_begun_again_by_the_new_one(self) -> None:
        self.folder.install("1.0", hangs_at="slow")
        with Runner(PATH=self.folder.path, KILN_SIMULATED_DEVICES="1", KILN_TRITON_PYTHON="") as runner:
            client = runner.client()
            self.assertEqual(client.attach()["inventory"]["gcc"], "gcc 1.0")
            unit = samples.c_unit("int slow(void) { return 1; }")
            client.send({"type": "compile", "compileId": "k", "unit": unit, "limitMs": AMPLE_MS})
            wait_until(lambda: any("gcc" in line and "candidate.c" in line for line in runner.processes()), "the first gcc runs")
            self.folder.install("2.0")
            refreshed(client, "r")
            result = client.wait("compiled", lambda frame: frame["compileId"] == "k")["result"]
            self.assertEqual((result["status"], result.get("compiler", "")[:7]), ("compiled", "gcc 2.0"))

    def test_a_runner_that_is_stopped_while_it_takes_the_inventory_ends_at_once(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1", KILN_TRITON_PYTHON="") as runner:
            client = runner.client()
            client.attach()
            client.send({"type": "refresh", "refreshId": "never"})
            client.send({"type": "shutdown"})
            client.wait_end()
            runner.end()


class DevicesThatCome(unittest.TestCase):
    def test_the_runner_takes_no_more_work_finishes_what_it_has_and_ends_for_the_next_one(self) -> None:
        asyncio.run(self.play())

    async def play(self) -> None:
        loop = asyncio.get_running_loop()
        folder = tempfile.mkdtemp(prefix="kiln-runner-")
        self.addCleanup(shutil.rmtree, folder)
        paths = RunnerPaths(folder)
        paths.create()
        paths.work.mkdir(exist_ok=True)
        with mock.patch.dict(os.environ, KILN_SIMULATED_DEVICES="1", KILN_TRITON_PYTHON=""):
            known = Probe().take()
        new = {**known.inventory["devices"][0], "id": "new-gpu", "model": "a new GPU"}
        found = known._replace(inventory={**known.inventory, "devices": [new, *known.inventory["devices"]]})
        stopped = loop.create_future()
        server = Server(
            loop, paths, known, log=lambda _line: None, on_stop=lambda why: stopped.done() or stopped.set_result(why),
            new_probe=lambda _cores, _environments: PlayedProbe(found),
        )
        served = await loop.create_unix_server(server.accept, str(paths.socket))
        server.start()
        reader, writer = await asyncio.open_unix_connection(str(paths.socket))
        attach = {"type": "attach", "protocol": 1, "daemonId": "d", "leaseMs": AMPLE_MS, "idleExitMs": AMPLE_MS}
        writer.write(encode(attach) + encode({"type": "refresh", "refreshId": "r"}))
        decoder, seen = FrameDecoder(), []
        while not stopped.done():
            seen += [frame.header for frame in decoder.feed(await asyncio.wait_for(reader.read(1 << 16), WAIT_S))]
        self.assertIn("devices came to the host (a new GPU)", stopped.result())
        self.assertIn(stopped.result(), [frame.get("unavailable") for frame in seen])
        reported = next(frame for frame in seen if frame["type"] == "inventory")
        self.assertEqual([device["id"] for device in reported["inventory"]["devices"]], [device["id"] for device in known.inventory["devices"]])
        writer.close()
        served.close()
        await server.stop()


class PlayedProbe:
    def __init__(self, found: object = "equipment") -> None:
        self.found = found
        self.is_killed = False

    def take(self) -> object:
        return self.found

    def kill(self) -> None:
        self.is_killed = True


class PlayedLoop:
    """Time by hand; what is put into a thread is done when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.work: list[asyncio.Future] = []
        self._real = asyncio.new_event_loop()

    def time(self) -> float:
        return self.now

    def run_in_executor(self, _executor: None, _work: object) -> "asyncio.Future":
        self.work.append(self._real.create_future())
        return self.work[-1]

    def finish(self, result: object) -> None:
        future = self.work[-1]
        future.set_exception(result) if isinstance(result, Exception) else future.set_result(result)
        self._real.run_until_complete(asyncio.sleep(0))

    def close(self) -> None:
        self._real.close()


class WhenItIsTaken(unittest.TestCase):
    def setUp(self) -> None:
        self.loop = PlayedLoop()
        self.addCleanup(self.loop.close)
        self.taken: list[Taken] = []
        self.refresh = InventoryRefresh(self.loop, self.taken.append, PlayedProbe)

    def test_once_after_a_while_without_work(self) -> None:
        self.loop.now += IDLE_S - 1
        self.refresh.on_tick(busy=True)
        self.loop.now += IDLE_S - 1
        self.refresh.on_tick(busy=False)
        self.assertEqual(len(self.loop.work), 0)
        self.loop.now += 1
        self.refresh.on_tick(busy=False)
        self.refresh.on_tick(busy=False)
        self.assertEqual(len(self.loop.work), 1)
        self.loop.finish("found")
        self.refresh.on_tick(busy=False)
        self.assertEqual((len(self.loop.work), self.taken), (1, [Taken("found", None, [])]))

    def test_when_a_daemon_attaches_unless_it_is_fresh(self) -> None:
        self.refresh.on_attach()
        self.assertEqual(len(self.loop.work), 0)
        self.loop.now += FRESH_S
        self.refresh.on_attach()
        self.assertEqual(len(self.loop.work), 1)

    def test_who_asks_while_one_is_taken_gets_one_that_begins_later(self) -> None:
        self.refresh.ask("a")
        self.refresh.ask("b")
        self.refresh.ask("c")
        self.assertEqual(len(self.loop.work), 1)
        self.loop.finish("one")
        self.assertEqual(len(self.loop.work), 2)
        self.loop.finish("two")
        self.assertEqual(self.taken, [Taken("one", None, ["a"]), Taken("two", None, ["b", "c"])])
        self.assertEqual(len(self.loop.work), 2)

    def test_a_failure_is_told(self) -> None:
        self.refresh.ask("a")
        self.loop.finish(RuntimeError("no luck"))
        self.assertEqual(self.taken, [Taken(None, "no luck", ["a"])])

    def test_after_stop_nothing_is_told_or_begun(self) -> None:
        self.refresh.ask("a")
        self.refresh.stop()
        self.loop.finish("late")
        self.refresh.ask("b")
        self.assertEqual((len(self.loop.work), self.taken), (1, []))


if __name__ == "__main__":
    unittest.main()
