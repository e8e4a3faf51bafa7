"""Judges of one device, of whatever runner: many may check at a time, one alone may time."""
import os
import stat
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import List

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.device_lock import DeviceLock  # noqa: E402
from kiln_runner.judge.stopwatch import Stopwatch  # noqa: E402

DEADLINE_S = 10


class Excluding(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "GPU.lock")
        self.entered = threading.Event()
        self.waited: List[Stopwatch] = []

    def enter(self, how: str) -> threading.Thread:
        """Another judge, with a descriptor of its own."""

        def run() -> None:
            watch = Stopwatch()
            with getattr(DeviceLock(self.path), how)(watch):
                self.waited.append(watch)
                self.entered.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def assert_waits(self, mine: str, others: str) -> None:
        with getattr(DeviceLock(self.path), mine)(Stopwatch()):
            thread = self.enter(others)
            self.assertFalse(self.entered.wait(0.05), f"{others} beside {mine}")
        self.assertTrue(self.entered.wait(DEADLINE_S))
        thread.join(DEADLINE_S)
        self.assertGreater(self.waited[0].phases()["lockMs"], 40)

    def test_who_times_is_alone(self) -> None:
        for mine, others in (("exclusive", "shared"), ("exclusive", "exclusive"), ("shared", "exclusive")):
            self.entered.clear()
            self.waited.clear()
            self.assert_waits(mine, others)

    def test_who_checks_lets_others_check(self) -> None:
        with DeviceLock(self.path).shared(Stopwatch()):
            self.enter("shared")
            self.assertTrue(self.entered.wait(DEADLINE_S))

    def test_every_user_may_open_the_file_whatever_the_umask(self) -> None:
        mask = os.umask(0o077)
        self.addCleanup(os.umask, mask)
        DeviceLock(self.path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o666)
        self.assertEqual(os.umask(0o077), 0o077)


if __name__ == "__main__":
    unittest.main()
