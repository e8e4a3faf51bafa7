"""What a guardian that was killed leaves is taken away by the next runner or zygote, and what is in use is not."""
import os
import signal
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from kiln_runner import temporary_folders
from kiln_runner.compile.confinement import NAMESPACES_LEVEL
from kiln_runner.programs.control_group import remove_left_groups
from test.python.programs.what_is_left import folders_of, groups_of, processes_of_programs
from test.python.programs.zygote_process import ZygoteProcess

FOREVER = "print('here', flush=True)\nimport time\ntime.sleep(3600)\n"


class Folders(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def made(self, name: str, age_s: float = 120.0) -> Path:
        path = self.root / name
        (path / "inside").mkdir(parents=True)
        (path / "inside/file").write_text("x", encoding="ascii")
        then = time.time() - age_s
        os.utime(path, (then, then))
        return path

    def removed(self) -> "list[str]":
        return sorted(os.path.basename(path) for path in temporary_folders.remove_left(str(self.root)))

    def test_those_that_nobody_has_are_removed_with_what_is_in_them(self) -> None:
        left = [self.made(f"kiln-{kind}-1-a") for kind in ("program", "build", "triton", "trial", "secret")]
        self.assertEqual(self.removed(), sorted(path.name for path in left))
        self.assertEqual(os.listdir(self.root), [])

    def test_one_that_somebody_has_stays_until_they_are_gone(self) -> None:
        path = self.made("kiln-program-1-a")
        reading, writing = os.pipe()
        holder = os.fork()
        if holder == 0:
            os.write(writing, b"." if temporary_folders.hold(str(path)) >= 0 else b"!")
            signal.pause()
        self.assertEqual(os.read(reading, 1), b".")
        self.assertEqual(self.removed(), [])
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        self.assertEqual(self.removed(), ["kiln-program-1-a"])
        for descriptor in (reading, writing):
            os.close(descriptor)

    def test_one_that_was_made_just_now_stays(self) -> None:
        self.made("kiln-build-1-a", age_s=0.0)
        self.assertEqual(self.removed(), [])

    def test_nothing_else_is_touched(self) -> None:
        self.made("somebody's")
        target = self.made("kiln-other")
        (self.root / "kiln-program-2-link").symlink_to(target)
        (self.root / "kiln-program-3-file").write_text("x", encoding="ascii")
        self.assertEqual(self.removed(), [])
        self.assertTrue((target / "inside/file").exists())

    def test_one_is_had_while_it_is_made_for_a_block_and_gone_behind_it(self) -> None:
        with temporary_folders.made("build") as folder:
            self.assertEqual(temporary_folders.hold(folder), -1)
        self.assertFalse(os.path.exists(folder))


@unittest.skipUnless(os.geteuid() == 0, "needs root, as a runner with a user for each program has it")
class OfPrograms(unittest.TestCase):
    def zygote(self) -> ZygoteProcess:
        zygote = ZygoteProcess("/nonexistent", [])
        self.addCleanup(lambda: zygote.process.poll() is None and zygote.close())
        return zygote

    def running(self) -> "tuple[ZygoteProcess, int]":
        """With a program in it, and the program's guardian."""
        zygote = self.zygote()
        files = [{"path": "submission.py", "content": FOREVER}]
        asked = {"files": files, "entry": {"file": "submission.py", "symbol": "custom_kernel", "style": "custom_kernel"}}
        zygote.ask("one", "look", asked, NAMESPACES_LEVEL)
        self.wait_for(lambda: bool(self.programs_of(zygote)))
        return zygote, children_of(zygote.process.pid)[0]

    def programs_of(self, zygote: ZygoteProcess) -> "list[int]":
        inside = {child for guardian in children_of(zygote.process.pid) for child in children_of(guardian)}
        # Its guardian has a child for a moment, too, that looks for what an earlier one left.
        return sorted(pid for pid in inside & set(processes_of_programs()) if leads_its_session(pid))

    def wait_for(self, is_so: Callable[[], bool], limit_s: float = 600.0) -> None:
        deadline = time.monotonic() + limit_s
        while not is_so():
            self.assertLess(time.monotonic(), deadline)
            os.sched_yield()

    def test_what_a_killed_guardian_leaves_is_removed_and_what_runs_is_not(self) -> None:
        killed, guardian = self.running()
        other, other_guardian = self.running()
        groups = groups_of([other_guardian])
        os.kill(guardian, signal.SIGKILL)
        killed.close()
        self.assertEqual(len(folders_of(killed.process.pid)), 1)
        age(folders_of(killed.process.pid) + folders_of(other.process.pid))
        temporary_folders.remove_left()
        remove_left_groups()
        self.assertEqual((folders_of(killed.process.pid), groups_of([guardian])), ([], []))
        self.assertEqual((len(folders_of(other.process.pid)), groups_of([other_guardian])), (1, groups))
        self.assertEqual(len(self.programs_of(other)), 1)

    def test_a_zygote_that_starts_removes_the_groups_of_killed_guardians(self) -> None:
        killed, guardian = self.running()
        os.kill(guardian, signal.SIGKILL)
        killed.close()
        age(folders_of(killed.process.pid))
        temporary_folders.remove_left()
        self.zygote()
        self.assertEqual(groups_of([guardian]), [])


def age(folders: "list[Path]") -> None:
    """So that they are not taken for new ones: somebody else's, which this test leaves alone, may be new in truth."""
    for folder in folders:
        os.utime(folder, (0, 0))


def leads_its_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def children_of(pid: int) -> "list[int]":
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
