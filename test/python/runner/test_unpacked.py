"""Judges start from a copy of the archive, whose bytecode Python keeps; nobody else's folder is taken for it, and nothing half made."""
import os
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from kiln_runner import unpacked
from kiln_runner.judge.gpu.telemetry import is_ours
from kiln_runner.paths import RunnerPaths
from kiln_runner.unpacked import MARK, PART, command_of, unpack

from .drive import wait_until
from .test_archive import ArchivedRunner
from .test_compiling import HAS_GCC

HASH = "0" * 64


class Copy(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="kiln-unpacked-")
        self.addCleanup(temporary.cleanup)
        self.paths = RunnerPaths(str(Path(temporary.name) / "runner"))
        self.paths.create()
        self.archive, self.words = Path(temporary.name) / "runner.pyz", list[str]()
        with zipfile.ZipFile(self.archive, "w") as file:
            file.writestr("__main__.py", "print('from the copy')\n")
        patched = mock.patch.object(unpacked, "runner_hash", lambda: HASH)
        patched.start()
        self.addCleanup(patched.stop)

    def unpack(self) -> "Path | None":
        return unpack(self.paths, self.words.append, self.archive)

    def test_it_is_made_once_and_only_its_user_may_enter_it(self) -> None:
        copy = self.unpack()
        assert copy is not None
        self.assertEqual((copy / "__main__.py").read_text(), "print('from the copy')\n")
        self.assertEqual(copy.stat().st_mode & 0o777, 0o700)
        (copy / "kept").touch()
        self.assertEqual((self.unpack(), (copy / "kept").exists(), self.words), (copy, True, []))

    def test_what_another_archive_left_or_was_never_whole_is_made_anew(self) -> None:
        for spoil in (lambda copy: (copy / MARK).write_text("another"), lambda copy: (copy / MARK).unlink()):
            copy = self.unpack()
            assert copy is not None
            (copy / "left").touch()
            spoil(copy)
            copy.with_name(copy.name + PART).mkdir()
            self.assertEqual((self.unpack(), (copy / "left").exists()), (copy, False))
            self.assertFalse(copy.with_name(copy.name + PART).exists())

    def test_a_folder_that_others_may_write_to_or_a_link_is_not_taken_for_it(self) -> None:
        copy = self.unpack()
        assert copy is not None
        for mode in (0o770, 0o707):
            (copy / "left").touch()
            copy.chmod(mode)
            self.unpack()
            self.assertEqual((copy.stat().st_mode & 0o777, (copy / "left").exists()), (0o700, False))
        elsewhere = copy.with_name("elsewhere")
        copy.rename(elsewhere)
        copy.symlink_to(elsewhere)
        self.unpack()
        self.assertEqual((copy.is_symlink(), (elsewhere / MARK).exists()), (False, True))

    def test_another_users_is_not_taken_either(self) -> None:
        copy = self.unpack()
        assert copy is not None
        (copy / "left").touch()
        with mock.patch.object(os, "geteuid", lambda: os.getuid() + 1):
            self.unpack()
        self.assertFalse((copy / "left").exists())

    def test_where_it_cannot_be_made_judges_start_from_the_archive_and_the_log_says_so(self) -> None:
        self.archive.write_text("no archive")
        self.assertIsNone(self.unpack())
        self.assertIn("judges start from the archive", self.words[0])
        self.assertEqual(command_of(None, ["python", "runner.pyz", "judge"]), ["python", "runner.pyz", "judge"])

    def test_from_source_there_is_nothing_to_unpack(self) -> None:
        self.assertIsNone(unpack(self.paths, self.words.append, self.paths.folder))

    def test_other_runners_know_a_judge_of_it_for_one(self) -> None:
        self.assertTrue(is_ours(" ".join(command_of(self.paths.program, ["python3", "runner.pyz", "judge", "--kind", "gpu"]))))


@unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
class Judges(unittest.TestCase):
    def test_a_runner_that_is_an_archive_starts_its_judges_from_the_copy_and_python_keeps_their_bytecode(self) -> None:
        with ArchivedRunner() as runner:
            runner.client().attach()
            copy = RunnerPaths(runner.folder).program
            wait_until(lambda: any(f"{copy} judge" in command for command in runner.processes()), "a judge runs from the copy")
            kept = copy / "kiln_runner" / "judge" / "__pycache__"
            wait_until(lambda: kept.is_dir() and any(kept.glob("service.*.pyc")), "its bytecode is kept")


if __name__ == "__main__":
    unittest.main()
