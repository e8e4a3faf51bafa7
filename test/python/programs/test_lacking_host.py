"""A program that came to nothing because its host had no room: it is not to blame, and what breaks a bound of its own is."""
import codecs
import itertools
import os
import signal
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from kiln_runner.compile.confinement import LANDLOCK_LEVEL, NAMESPACES_LEVEL
from kiln_runner.compile.system_calls import landlock_version
from kiln_runner.programs import supervisor
from kiln_runner.programs.control_group import ControlGroup
from kiln_runner.programs.sandbox import Bounds, Box
from test.python.runner.small_disk import SmallDisk

MIB = 1024 * 1024
BOUNDS = Bounds(60.0, 1024 * MIB)
# Of the group that stands for a host with little memory.
HOST_BYTES, TAKEN_BYTES = 192 * MIB, 512 * MIB


def fills_the_disk() -> bytes:
    Path("much").write_bytes(bytes(8 * MIB))
    return b"done"


def takes_memory() -> bytes:
    return str(sum(bytearray(b"x" * TAKEN_BYTES)[:: 4096])).encode()


def ends_itself() -> bytes:
    os._exit(3)


def is_killed() -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives")


class Events(unittest.TestCase):
    """What the kernel tells of a control group."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def group(self, kind: str, **files: str) -> ControlGroup:
        for name, text in files.items():
            (self.folder / name.replace("_", ".", 1)).write_text(text)
        return ControlGroup({kind: self.folder})

    def test_who_was_killed_within_its_bound_was_killed_for_others(self) -> None:
        of_host = self.group("2", memory_events="low 0\nhigh 0\nmax 0\noom 0\noom_kill 2\n")
        self.assertEqual((of_host.lost_a_process(), of_host.reached_its_bound()), (True, False))
        of_its_own = self.group("2", memory_events="low 0\nhigh 0\nmax 31\noom 1\noom_kill 1\n")
        self.assertEqual((of_its_own.lost_a_process(), of_its_own.reached_its_bound()), (True, True))
        of_nobody = self.group("2", memory_events="low 0\nhigh 0\nmax 31\noom 0\noom_kill 0\n")
        self.assertFalse(of_nobody.lost_a_process())

    def test_in_version_1_too(self) -> None:
        of_host = self.group("memory", memory_oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", memory_failcnt="0\n")
        self.assertEqual((of_host.lost_a_process(), of_host.reached_its_bound()), (True, False))
        of_its_own = self.group("memory", memory_oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", memory_failcnt="7\n")
        self.assertEqual((of_its_own.lost_a_process(), of_its_own.reached_its_bound()), (True, True))


@unittest.skipUnless(os.geteuid() == 0, "needs root, as a runner with a user for each program has it")
class LackingHost(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="kiln-lacking-")
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        # Behind walls nothing of this Python can be read any more.
        codecs.lookup("ascii")
        self.folder = folder.name

    @unittest.skipUnless(landlock_version(), "this kernel has no Landlock")
    def test_a_disk_that_fills_up_is_not_the_programs_doing(self) -> None:
        with SmallDisk(self.folder, "2m") as disk:
            os.chmod(disk, 0o755)
            ended = supervisor.run(fills_the_disk, Box(disk, [], [], None, LANDLOCK_LEVEL), BOUNDS)
        self.assertEqual(ended.how, "suspended", ended)
        self.assertIn("disk", ended.why)

    def test_memory_that_the_host_does_not_have_is_not_the_programs_doing(self) -> None:
        host = ControlGroup.make(HOST_BYTES, 64)
        if host is None:
            self.skipTest("this machine lets nobody make control groups")
        self.addCleanup(host.remove)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            host.join()
            # The program's group is within the host's where groups are nested, as version 2 has them; beside it the host's bound is not its.
            ended = supervisor.run(takes_memory, Box(self.folder, [], [], None, NAMESPACES_LEVEL), BOUNDS)
            os.write(writing, f"{ended.how} {ended.why}".encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read().decode()
        os.waitpid(child, 0)
        self.assertIn("memory", said)
        self.assertTrue(said.startswith("suspended "), said)

    def test_without_a_group_what_others_lost_for_memory_clears_only_one_that_was_killed(self) -> None:
        # The kernel's count is of the whole machine then: somebody always loses a process.
        counted = patch.object(supervisor, "killed_for_memory", itertools.count().__next__)
        with counted, patch.object(ControlGroup, "make", lambda *_: None):
            found = [supervisor.run(task, Box(self.made(), [], [], None, NAMESPACES_LEVEL), BOUNDS).how for task in (ends_itself, is_killed)]
        self.assertEqual(found, ["ended", "suspended"])

    def made(self) -> str:
        return tempfile.mkdtemp(dir=self.folder)


if __name__ == "__main__":
    unittest.main()
