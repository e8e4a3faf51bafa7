"""Whose time it was: a limit that counts what a child process really had."""
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable, Optional

from kiln_runner import given_time
from kiln_runner.given_time import GivenTime, is_frozen
from kiln_runner.lease import START_IDLE_S, Lease
from kiln_runner.time_limit import LOOK_S, TimeLimit

from .drive import WAIT_S, wait_until


class Child:
    """Sleeps until it is ended; it is up when it is made. On a busy machine a start may wait long for a processor, and that is no time of its own."""

    def __init__(self) -> None:
        script = "import sys; print(flush=True); sys.stdin.read()"
        self._process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process.stdout.readline()
        self.pid = self._process.pid

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(self.pid), "the child is stopped")

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


class Limiting(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.child = Child()
        self.addCleanup(self.child.end)
        self.started = time.monotonic()

    async def asyncSetUp(self) -> None:
        self.over: asyncio.Future[Optional[str]] = asyncio.get_running_loop().create_future()

    def limit(self, seconds: float) -> TimeLimit:
        return TimeLimit(asyncio.get_running_loop(), self.child.pid, seconds, self.over.set_result)

    async def end(self) -> Optional[str]:
        return await asyncio.wait_for(self.over, WAIT_S)

    async def test_a_child_that_had_its_time_is_over_at_the_limit(self) -> None:
        self.limit(0.6)
        self.assertIsNone(await self.end())
        self.assertGreaterEqual(time.monotonic() - self.started, 0.59)

    async def test_a_child_that_stays_stopped_is_given_up_with_the_reason(self) -> None:
        self.child.stop()
        self.limit(0.6)
        self.assertRegex(await self.end(), rf"^process {self.child.pid} is stopped by a signal, and was for \d+\.\d s$")

    async def test_the_time_that_a_child_was_stopped_is_given_back(self) -> None:
        over: list[Optional[str]] = []
        loop = Played()
        self.child.stop()
        TimeLimit(loop, self.child.pid, 1.2, over.append)
        loop.run(0.8)
        self.child.signal(signal.SIGCONT)
        wait_until(lambda: not is_stopped(self.child.pid), "the child goes on")
        loop.run(1.2 - LOOK_S)
        self.assertEqual(over, [])
        loop.run(4 * LOOK_S)
        self.assertEqual(over, [None])

    async def test_what_the_child_has_started_counts_as_the_child(self) -> None:
        script = "import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        grandchild = int(parent.stdout.readline())
        try:
            os.kill(grandchild, signal.SIGSTOP)
            wait_until(lambda: is_stopped(grandchild), "the grandchild is stopped")
            TimeLimit(asyncio.get_running_loop(), parent.pid, 0.6, self.over.set_result)
            self.assertIn(f"process {grandchild} is stopped", await self.end())
        finally:
            os.kill(grandchild, signal.SIGKILL)
            parent.wait()
            parent.stdout.close()

    async def test_a_pause_does_not_count(self) -> None:
        limit = self.limit(0.5)
        limit.pause()
        asyncio.get_running_loop().call_later(0.7, limit.resume)
        self.assertIsNone(await self.end())
        self.assertGreaterEqual(time.monotonic() - self.started, 1.19)


class Played:
    """An event loop whose time is ours: `run(to)` calls what is due then, one after another."""

    def __init__(self) -> None:
        self.now = 100.0
        self._due: list[tuple] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[..., None], *arguments: object) -> "Played":
        self._due.append((at, call, arguments))
        return self

    def call_later(self, seconds: float, call: Callable[..., None], *arguments: object) -> "Played":
        return self.call_at(self.now + seconds, call, *arguments)

    def cancel(self) -> None:
        self._due.clear()

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            at, call, arguments = self._due.pop(0)
            self.now = max(self.now, at)
            call(*arguments)
        self.now = end

    def sleep(self, seconds: float) -> None:
        """The process is stopped for so long."""
        self.now += seconds


class Asleep(unittest.TestCase):
    """The runner itself was stopped, its container frozen, or its machine paused."""

    def test_a_limit_that_passed_meanwhile_has_not_passed(self) -> None:
        over: list[Optional[str]] = []
        loop = Played()
        TimeLimit(loop, os.getpid(), 10, over.append)
        loop.run(4)
        loop.sleep(3600)
        loop.run(5)
        self.assertEqual(over, [])
        loop.run(WAIT_S)
        self.assertEqual(over, [None])

    def test_a_lease_that_ran_out_meanwhile_has_not_run_out(self) -> None:
        reported: list[str] = []
        loop = Played()
        lease = Lease(loop, lambda: reported.append("expired"), lambda: reported.append("idle"))
        lease.attach(10_000, 20_000)
        loop.run(4)
        loop.sleep(3600)
        loop.run(4)
        self.assertEqual((reported, lease.attached), ([], True))
        loop.run(3)
        self.assertEqual((reported, lease.attached), (["expired"], False))
        loop.sleep(3600)
        loop.run(15)
        self.assertEqual(reported, ["expired"])
        loop.run(10)
        self.assertEqual(reported, ["expired", "idle"])

    def test_a_runner_that_no_daemon_wants_ends(self) -> None:
        reported: list[str] = []
        loop = Played()
        Lease(loop, lambda: reported.append("expired"), lambda: reported.append("idle"))
        loop.run(START_IDLE_S - 1)
        self.assertEqual(reported, [])
        loop.run(2)
        self.assertEqual(reported, ["idle"])


class Told(unittest.TestCase):
    """What is read of a process, from files made for it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, given_time, "PROC", given_time.PROC)
        given_time.PROC = self.proc = folder.name

    def tell(self, pid: int, **files: str) -> None:
        Path(self.proc, str(pid), "task", str(pid)).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            Path(self.proc, str(pid), *(("task", str(pid)) if name == "children" else ()), name).write_text(text)

    def test_waiting_for_a_processor_and_using_one_are_told_since_the_look_before(self) -> None:
        self.tell(7, schedstat="5 1000000000 1", children="8", stat="7 (a ) b) S" + " 0" * 10 + " 100 0")
        self.tell(8, schedstat="5 0 1", stat="8 (x) R" + " 0" * 10 + " 0 0")
        given = GivenTime(7)
        self.tell(7, schedstat="5 1250000000 1")
        self.tell(8, schedstat="5 500000000 1", stat="8 (x) R" + " 0" * 10 + f" {given_time.TICKS_PER_S} 0")
        self.assertEqual(given.look(), (None, 0.75, 1.0))

    def test_a_child_that_gets_no_processor_is_not_over_but_given_up(self) -> None:
        self.tell(7, schedstat="0 0 1", stat="7 (x) R" + " 0" * 12)
        over: list[Optional[str]] = []
        loop = Played()
        TimeLimit(loop, 7, 10, over.append)
        for look in range(1, 240):
            self.tell(7, schedstat=f"0 {int(look * LOOK_S * 9 * 10**8)} 1")
            loop.run(LOOK_S)
            if look == 160:
                self.assertEqual(over, [])
        self.assertRegex(over[0], r"^this host is overloaded: of 5\d s it got a processor for \d s$")

    def test_what_fights_with_itself_for_processors_has_had_its_time(self) -> None:
        over: list[Optional[str]] = []
        loop = Played()
        self.tell(7, schedstat="0 0 1", stat="7 (x) R" + " 0" * 12, children="8")
        TimeLimit(loop, 7, 10, over.append)
        for second in range(1, 12):
            for pid in (7, 8):
                self.tell(pid, schedstat=f"0 {second * 10**9} 1", stat=f"{pid} (x) R" + " 0" * 12)
            loop.run(1)
        self.assertEqual(over, [None])

    def test_a_frozen_control_group_of_either_version_is_seen(self) -> None:
        mount = Path(self.proc, "cgroup")
        for group, name, frozen, thawed in (
            ("0::/jobs", "jobs/cgroup.events", "populated 1\nfrozen 1\n", "populated 1\nfrozen 0\n"),
            ("5:freezer:/old", "freezer/old/freezer.state", "FROZEN\n", "THAWED\n"),
        ):
            (mount / name).parent.mkdir(parents=True, exist_ok=True)
            self.tell(7, cgroup=f"{group}\n")
            for text, expected in ((frozen, True), (thawed, False)):
                (mount / name).write_text(text)
                self.assertEqual(is_frozen(7, str(mount)), expected, (group, text))


if __name__ == "__main__":
    unittest.main()
