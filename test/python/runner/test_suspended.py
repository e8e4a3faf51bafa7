"""A real judge on the cpu device that somebody stops: its candidate is not to blame."""
import os
import signal
import unittest
from pathlib import Path
from typing import Callable

from kiln_runner.given_time import tree_of
from test.python.asked_again import until_given_time

from . import samples
from .drive import AMPLE_MS, Runner, wait_until
from .test_compiling import ENDLESS, HAS_GCC

HANGS = samples.GOOD_C.replace("for (int i", "for (;;);\n  for (int i")
# Of one that is stopped before it is over, and of one that is over at its limit though it was stopped for a moment before.
STOPPED_LIMIT_MS, LIMIT_MS = 60_000, 10_000


@unittest.skipUnless(HAS_GCC, "needs gcc")
class Suspended(unittest.TestCase):
    def setUp(self) -> None:
        self.runner = Runner()
        self.runner.__enter__()
        self.addCleanup(self.runner.__exit__)
        self.client = self.runner.client()
        hello = self.client.attach()
        self.device = next(device["id"] for device in hello["inventory"]["devices"] if device["kind"] == "cpu")
        self.definition = samples.problem(samples.c_unit())
        self.client.send({"type": "problem", "definition": self.definition})

    def judge(self, source: str, limit_ms: float) -> str:
        # The process that runs it has its name among its arguments.
        self.artifact = artifact = self.client.compile(samples.c_unit(source))["artifact"]
        attempt_id = samples.attempt()
        self.client.send({"type": "judge", "task": samples.task(self.definition, artifact, self.device, attempt_id, limit_ms=limit_ms)})
        return attempt_id

    def until_running(self, words: str, is_right: Callable[[int], bool] = lambda _pid: True) -> int:
        found: list[int] = []
        wait_until(lambda: found.extend(pid for pid in self.pids(words) if is_right(pid)) or bool(found), f"a process with {words}")
        return found[0]

    def pids(self, words: str) -> list[int]:
        """Of the runner's processes, also of those behind walls."""
        return [pid for pid in tree_of(self.runner.pid) if words in command_of(pid)]

    def result_of(self, attempt_id: str) -> dict:
        return self.client.result(attempt_id)["result"]

    def test_a_judge_that_is_stopped_gives_infra_and_the_next_candidate_passes(self) -> None:
        stopped = self.judge(HANGS, STOPPED_LIMIT_MS)
        self.until_running(self.artifact, spins)
        os.kill(self.until_running(" judge "), signal.SIGSTOP)
        result = self.result_of(stopped)
        self.assertEqual((result["outcome"], result["infra"]["code"]), (None, "suspended"))
        self.assertIn("is stopped by a signal", result["infra"]["message"])
        self.assertEqual(self.result_of(self.judge(samples.GOOD_C, AMPLE_MS))["outcome"]["verdict"], "passed")

    def test_a_candidates_own_process_that_is_stopped_gives_infra(self) -> None:
        stopped = self.judge(HANGS, STOPPED_LIMIT_MS)
        os.kill(self.until_running(self.artifact, spins), signal.SIGSTOP)
        result = self.result_of(stopped)
        self.assertEqual((result["outcome"], result["infra"]["code"]), (None, "suspended"))

    def test_a_judge_that_goes_on_in_time_loses_nothing_and_a_candidate_that_hangs_is_convicted(self) -> None:
        outcome = until_given_time(self.stopped_for_a_moment)["outcome"]
        self.assertEqual((outcome["verdict"], outcome["stage"]), ("timed_out", "check"))

    def stopped_for_a_moment(self) -> dict:
        hangs = self.judge(HANGS, LIMIT_MS)
        child = self.until_running(self.artifact, spins)
        os.kill(child, signal.SIGSTOP)
        os.kill(child, signal.SIGCONT)
        return self.result_of(hangs)

    def test_a_compiler_that_is_stopped_gives_infra_and_not_a_verdict(self) -> None:
        self.client.send({"type": "compile", "compileId": "slow", "unit": samples.c_unit(ENDLESS), "limitMs": STOPPED_LIMIT_MS})
        os.kill(self.until_running("candidate.c", spins), signal.SIGSTOP)
        result = self.client.wait("compiled", lambda frame: frame["compileId"] == "slow")["result"]
        self.assertEqual((result["status"], result["failure"]["code"]), ("infra", "suspended"))


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def spins(pid: int) -> bool:
    """It has used processor time enough to be in the kernel that never ends."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        # It is gone.
        return False
    return int(words[11]) > 20


if __name__ == "__main__":
    unittest.main()
