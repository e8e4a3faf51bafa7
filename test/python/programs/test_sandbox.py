"""What a program can do to the host and to the next one: nothing that lasts, at each level of walls, and with each bound named."""
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Optional

from kiln_runner.compile.confinement import LANDLOCK_LEVEL, NAMESPACES_LEVEL, NO_LEVEL
from kiln_runner.compile.system_calls import landlock_version
from kiln_runner.frames import encode
from kiln_runner.programs.sandbox import PROGRAM_UID_BASE, UID_SPAN, Bounds
from kiln_runner.programs.zygote_frames import ENDED_BYTES_MAX
from test.python.asked_again import until_given_time
from test.python.programs.what_is_left import groups_of, processes_that_stay

HOSTILE = Path(__file__).with_name("hostile.py")
RUNNER = Path(__file__).resolve().parents[3] / "src/gpu/runner"
# One that other users may run: it may be below root's home otherwise.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
NOBODY = 65534
# Only so that what hangs ends.
DEADLINE_S = 600
LEVELS = [NAMESPACES_LEVEL, LANDLOCK_LEVEL] if landlock_version() else [NAMESPACES_LEVEL]


def hostile(*words: str, user: Optional[int] = None, runner: Optional[str] = None) -> Any:
    command = [PYTHON, str(HOSTILE) if runner is None else f"{runner}/hostile.py", *words]
    as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
    environment = {**os.environ, **({"KILN_TEST_RUNNER": runner} if runner else {})}
    done = subprocess.run(command, capture_output=True, timeout=DEADLINE_S, check=False, env=environment, cwd="/", **as_user)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@unittest.skipUnless(os.geteuid() == 0, "needs root, as a runner with a user for each program has it")
class AsRoot(unittest.TestCase):
    def ended(self, level: str, action: str, *words: str) -> dict:
        """What holds however it ended: nothing is left of it, and the next one works."""
        reported = hostile(level, action, *words)
        self.assertFalse(reported["left"])
        self.assertEqual(groups_of([reported["guardian"]]), [])
        self.assertEqual(processes_that_stay(), [])
        return reported

    def each(self, action: str, *words: str) -> "list[dict]":
        found = []
        for level in LEVELS:
            with self.subTest(level):
                found.append(until_given_time(lambda level=level: self.ended(level, action, *words)))
        return found

    def test_actions_that_must_fail_fail_and_those_that_must_work_work(self) -> None:
        """Files, network, other programs, other processes, devices, privileges: sandbox_probe.py lists them."""
        for level in LEVELS:
            with self.subTest(level):
                self.assertEqual(hostile(level, "hold"), "")

    def test_a_fork_bomb_ends_at_its_time_with_all_of_its_processes(self) -> None:
        for reported in self.each("fork_bomb", "2"):
            self.assertIn(reported["how"], ("timed_out", "over"), reported)

    def test_a_file_of_10_gb_stops_at_the_limit(self) -> None:
        for reported in self.each("large_file"):
            self.assertEqual(reported["how"], "answered", reported)
            code, written = json.loads(reported["answer"])
            self.assertIn(code, (errno.EFBIG, errno.ENOSPC))
            self.assertLessEqual(written, 32 * 1024 * 1024)

    def test_many_files_stop_at_the_limit(self) -> None:
        for reported in self.each("many_files"):
            if reported["how"] == "answered":
                self.assertLess(json.loads(reported["answer"])[1], 33)
            else:
                self.assertEqual((reported["how"], "it wrote more than" in reported["why"]), ("over", True), reported)

    def test_a_log_of_100_mb_ends_it_and_its_head_and_tail_are_kept(self) -> None:
        for reported in self.each("flood_log"):
            self.assertEqual(reported["how"], "over", reported["why"])
            self.assertIn("printed more than 4194304 bytes", reported["why"])
            self.assertTrue(reported["gap"])
            self.assertLess(reported["logged"], 300 * 1024)

    def test_memory_ends_it(self) -> None:
        for action in ("eat_memory", "eat_shared_memory"):
            for reported in self.each(action):
                self.assertEqual(reported["how"], "over", reported)
                self.assertIn("bytes of memory", reported["why"])

    def test_it_can_end_nobody_else(self) -> None:
        for reported in self.each("kill_others"):
            self.assertEqual(reported["how"], "answered", reported)

    def test_processes_that_it_leaves_are_ended(self) -> None:
        for reported in self.each("leave_processes"):
            self.assertEqual((reported["how"], reported["answer"]), ("answered", "gone"), reported)

    def test_one_that_never_ends_is_timed_out(self) -> None:
        for reported in self.each("never_end", "1"):
            self.assertEqual((reported["how"], reported["why"]), ("timed_out", "it did not end within 1 s"))

    def test_one_that_is_stopped_goes_on(self) -> None:
        """It would pass for one that its host gives no time, and be tried again."""
        for reported in self.each("stop"):
            self.assertEqual((reported["how"], reported["answer"]), ("answered", "went on"), reported)

    def test_one_that_stops_itself_or_its_own_again_and_again_is_ended(self) -> None:
        for action in ("stop_without_end", "stop_children"):
            for reported in self.each(action):
                self.assertEqual((reported["how"], reported["why"]), ("over", "it stopped itself again and again"), reported)

    def test_it_cannot_say_that_the_host_has_no_walls(self) -> None:
        for reported in self.each("claim_no_walls"):
            self.assertEqual(reported["how"], "answered", reported)

    def test_none_runs_without_walls(self) -> None:
        reported = self.ended(NO_LEVEL, "descriptors")
        self.assertEqual((reported["how"], reported["answer"]), ("unconfinable", ""), reported)

    def test_a_crash_is_told_by_its_signal(self) -> None:
        for reported in self.each("crash"):
            self.assertEqual((reported["how"], os.WTERMSIG(reported["status"])), ("ended", 11), reported)

    def test_an_end_that_looks_good_is_no_answer(self) -> None:
        for reported in self.each("forge"):
            self.assertEqual((reported["how"], reported["status"], reported["answer"]), ("ended", 0, ""))

    def test_an_answer_without_end_is_cut(self) -> None:
        for reported in self.each("answer_too_much"):
            self.assertEqual(reported["how"], "over", reported)

    def test_an_answer_that_no_frame_carries_is_too_large(self) -> None:
        encode({"type": "ended"}, bytes(Bounds(1.0, 1).answer_bytes), ENDED_BYTES_MAX)

    def test_it_gets_no_descriptor_but_its_own(self) -> None:
        for reported in self.each("descriptors"):
            self.assertEqual(json.loads(reported["answer"]), [0, 1, 2, 3])

    def test_it_has_a_place_to_write_and_a_user_of_its_own(self) -> None:
        for reported in self.each("touch_home"):
            files, user = json.loads(reported["answer"])
            self.assertEqual(files, ["mine", "tmp"])
            self.assertIn(user, range(PROGRAM_UID_BASE, PROGRAM_UID_BASE + UID_SPAN))

    def test_what_is_temporary_goes_to_its_own_place_by_every_name_of_it(self) -> None:
        """Also where the sandbox itself has looked for a place before, as it does for its root."""
        for level, reported in zip(LEVELS, self.each("use_temporary")):
            made, asked, shared, place = json.loads(reported["answer"])
            self.assertEqual((os.path.dirname(made), asked), (place, place), level)
            # Without a root of its own, /tmp is everybody's.
            self.assertEqual(shared, "/tmp" if level == NAMESPACES_LEVEL else str(errno.EACCES))

    def test_what_holds_without_root_is_told_by_the_probe(self) -> None:
        """With Landlock that confines signals, the same actions fail; the bounds are kept by watching."""
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            os.chmod(folder, 0o755)
            shutil.copytree(RUNNER / "kiln_runner", f"{folder}/kiln_runner", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(HOSTILE, folder)
            subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
            found = hostile("probe", user=NOBODY, runner=folder)
            if landlock_version() >= 6:
                self.assertNotEqual(found["level"], NO_LEVEL, found)
                self.assertEqual(hostile(found["level"], "eat_memory", user=NOBODY, runner=folder)["how"], "over")
                self.assertEqual(hostile(found["level"], "leave_processes", user=NOBODY, runner=folder)["how"], "answered")
            else:
                self.assertEqual(found["level"], NO_LEVEL)
                self.assertIn("Linux 6.12", found["why"])
