"""Judges of one device, of whatever runner: many may check at a time, one alone may time."""
import os
import pwd
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.device_lock import DeviceLock
from kiln_runner.judge.failures import InfraFailure
from kiln_runner.judge.stopwatch import Stopwatch

DEADLINE_S = 600


class Excluding(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "GPU.lock")
        self.entered, self.waiting = threading.Event(), threading.Event()
        self.waited: list[Stopwatch] = []

    def enter(self, how: str) -> threading.Thread:
        """Another judge, with a descriptor of its own."""

        def run() -> None:
            watch = Stopwatch(lambda begins: self.waiting.set() if begins else None)
            with getattr(DeviceLock(self.path), how)(watch):
                self.waited.append(watch)
                self.entered.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def assert_waits(self, mine: str, others: str) -> None:
        with getattr(DeviceLock(self.path), mine)(Stopwatch()):
            thread = self.enter(others)
            self.assertTrue(self.waiting.wait(DEADLINE_S), f"{others} beside {mine}")
            self.assertFalse(self.entered.wait(0.05), f"{others} beside {mine}")
        self.assertTrue(self.entered.wait(DEADLINE_S))
        thread.join(DEADLINE_S)
        self.assertGreater(self.waited[0].phases()["lockMs"], 0)

    def test_who_times_is_alone(self) -> None:
        for mine, others in (("exclusive", "shared"), ("exclusive", "exclusive"), ("shared", "exclusive")):
            self.entered.clear()
            self.waiting.clear()
            self.waited.clear()
            self.assert_waits(mine, others)

    def test_who_checks_lets_others_check(self) -> None:
        with DeviceLock(self.path).shared(Stopwatch()):
            self.enter("shared")
            self.assertTrue(self.entered.wait(DEADLINE_S))

    def hold(self) -> "subprocess.Popen[bytes]":
        """Somebody else's process that has the lock."""
        script = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
        DeviceLock(self.path)
        holder = subprocess.Popen([sys.executable, "-c", script, self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(let_go, holder)
        holder.stdout.readline()
        return holder

    def test_a_wait_that_is_too_long_names_the_lock_and_who_holds_it(self) -> None:
        holder, lock = self.hold(), DeviceLock(self.path)
        with self.assertRaises(InfraFailure) as raised, lock.shared(Stopwatch(), 0.05):
            self.fail("it is held by somebody else")
        user = pwd.getpwuid(os.getuid()).pw_name
        self.assertEqual(raised.exception.code, "device_locked")
        self.assertIn(f"{self.path} is held by pid {holder.pid} (user {user}: {sys.executable} -c", str(raised.exception))

    def test_a_wait_that_was_given_up_takes_nothing_and_the_next_one_gets_the_lock(self) -> None:
        holder, lock, before = self.hold(), DeviceLock(self.path), set(threading.enumerate())
        for _ in range(3):
            with self.assertRaises(InfraFailure), lock.exclusive(Stopwatch(), 0.02):
                self.fail("it is held by somebody else")
        self.assertEqual(len(set(threading.enumerate()) - before), 1, "one goes on waiting, however often it is asked")
        let_go(holder)
        with DeviceLock(self.path).exclusive(Stopwatch(), DEADLINE_S):
            pass
        with lock.exclusive(Stopwatch(), DEADLINE_S):
            self.enter("shared")
            self.assertFalse(self.entered.wait(0.05))
        self.assertTrue(self.entered.wait(DEADLINE_S))

    def test_a_wait_is_told_when_it_begins_and_when_it_is_over(self) -> None:
        reported: list[bool] = []
        holder, lock = self.hold(), DeviceLock(self.path)

        def on_wait(begins: bool) -> None:
            reported.append(begins)
            if begins:
                holder.stdin.close()

        with lock.exclusive(Stopwatch(on_wait), DEADLINE_S):
            self.assertEqual(reported, [True, False])
        with lock.shared(Stopwatch(reported.append)):
            self.assertEqual(reported, [True, False], "nobody waits for a lock that is free")

    def test_every_user_may_open_the_file_whatever_the_umask(self) -> None:
        mask = os.umask(0o077)
        self.addCleanup(os.umask, mask)
        DeviceLock(self.path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o666)
        self.assertEqual(os.umask(0o077), 0o077)


def let_go(holder: "subprocess.Popen[bytes]") -> None:
    holder.stdin.close()
    holder.wait(DEADLINE_S)
    holder.stdout.close()


if __name__ == "__main__":
    unittest.main()
