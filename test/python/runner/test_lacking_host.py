"""A confined source that came to nothing because its host had no room: nobody is convicted."""
import itertools
import os
import signal
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable, NoReturn
from unittest.mock import patch

from kiln_runner.compile import confined_run
from kiln_runner.compile.blame import check_room
from kiln_runner.compile.confined_run import Ended, run_confined
from kiln_runner.compile.confinement import NO_LEVEL, Limits, Place, support, taken_user
from kiln_runner.compile.units import Infra
from kiln_runner.frames import FrameDecoder, encode
from kiln_runner.programs.control_group import ControlGroup

from .small_disk import SmallDisk

LIMITS = Limits(memory_bytes=4 * 1024**3, file_bytes=64 * 1024**2, files=64, processes=16, cpu_seconds=None)
LIMIT_S = 600.0
MIB = 1024 * 1024
# Several times what the test's process has.
GROUP_BYTES, TAKEN_BYTES = 128 * MIB, 512 * MIB


def run(task: Callable[[], bytes], folder: str) -> Ended:
    os.chmod(folder, 0o755)
    with taken_user() as user:
        return run_confined(task, Place(folder, [], user), LIMITS, LIMIT_S)


def fills_the_disk() -> bytes:
    try:
        with open("much", "wb") as file:
            for _ in range(8):
                file.write(bytes(MIB))
                file.flush()
    except OSError as error:
        return encode({"type": "failed", "log": str(error)})
    return encode({"type": "built"})


def takes_memory() -> bytes:
    return encode({"type": "built", "sum": sum(bytearray(b"x" * TAKEN_BYTES)[:: 4096])})


def never_ends() -> bytes:
    while True:
        time.sleep(1000)


def children_of(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))


def kill_the_next_child_of(pid: int, before: set[int]) -> NoReturn:
    """For a child of it. `before`: children that it had."""
    others = set[int]()
    while not others:
        others = children_of(pid) - before - {os.getpid()}
    os.kill(others.pop(), signal.SIGKILL)
    os._exit(0)


def ends_itself() -> bytes:
    os._exit(0)


def is_killed() -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives")


def says_that_its_compiler_was_killed() -> bytes:
    return encode({"type": "failed", "log": "c++: fatal error: Killed signal terminated program cc1plus"})


def fails() -> bytes:
    return encode({"type": "failed", "log": "candidate.py:1: SyntaxError"})


@unittest.skipUnless(os.geteuid() == 0 and support().level != NO_LEVEL, "needs root on a machine that confines sources")
class LackingHost(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="kiln-lacking-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def blamed(self, ended: Ended) -> str:
        try:
            check_room(ended)
        except Infra as infra:
            return infra.code
        return "the source"

    def test_a_disk_that_fills_up_convicts_nobody(self) -> None:
        with SmallDisk(self.folder, "2m") as disk:
            self.assertEqual(self.blamed(run(fills_the_disk, disk)), "out_of_disk")

    def test_a_disk_without_room_for_a_log_convicts_nobody(self) -> None:
        with SmallDisk(self.folder, "1m,nr_inodes=1") as disk:
            self.assertEqual(self.blamed(run(ends_itself, disk)), "out_of_disk")

    def test_memory_that_the_host_does_not_have_convicts_nobody(self) -> None:
        group = ControlGroup.make(GROUP_BYTES, 64)
        if group is None:
            self.skipTest("this machine lets nobody make control groups")
        self.addCleanup(group.remove)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            # All that it starts is in there: as a host with little memory.
            group.join()
            os.write(writing, self.blamed(run(takes_memory, self.folder)).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            blamed = pipe.read().decode()
        os.waitpid(child, 0)
        self.assertEqual(blamed, "compiler_failed")

    def test_what_others_lost_for_memory_meanwhile_clears_nobody_of_whom_nothing_was_killed(self) -> None:
        # The kernel's count is of the whole machine: somebody always loses a process.
        blame = {ends_itself: "the source", fails: "the source", is_killed: "compiler_failed", says_that_its_compiler_was_killed: "compiler_failed"}
        for task, blamed in blame.items():
            with patch.object(confined_run, "killed_for_memory", itertools.count().__next__), tempfile.TemporaryDirectory() as folder:
                self.assertEqual(self.blamed(run(task, folder)), blamed, task.__name__)

    def test_workers_whose_process_ids_agree_have_users_of_their_own(self) -> None:
        with taken_user() as mine, taken_user() as another:
            self.assertNotEqual(mine, another)

    def test_a_guardian_that_somebody_kills_convicts_nobody(self) -> None:
        # Other tests may have left some.
        before, killer = children_of(os.getpid()), os.fork()
        if killer == 0:
            kill_the_next_child_of(os.getppid(), before)
        self.assertEqual(self.blamed(run(never_ends, self.folder)), "suspended")
        os.waitpid(killer, 0)

    def test_one_that_ends_by_itself_where_there_is_room_has_itself_to_blame(self) -> None:
        self.assertEqual(self.blamed(run(ends_itself, self.folder)), "the source")

    def test_what_was_made_all_the_same_counts(self) -> None:
        answer = next(iter(FrameDecoder().feed(encode({"type": "built"}))))
        self.assertEqual(self.blamed(Ended("answered", answer, "", lacks="disk")), "the source")


if __name__ == "__main__":
    unittest.main()
