"""A host whose disk is full rests, says so, and takes work again when there is room."""
import tempfile
import unittest
from pathlib import Path

from kiln_runner.disk import FREE_BYTES_LEAST, why_full

from .drive import Runner
from .small_disk import SmallDisk

MIB = 1024 * 1024


class Resting(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="kiln-disk-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_a_runner_says_that_its_disk_is_full_until_it_is_not(self) -> None:
        with SmallDisk(self.folder, "160m") as disk:
            folder = Path(disk, "runner")
            folder.mkdir()
            with Runner(str(folder)) as runner:
                client = runner.client()
                client.attach()
                self.assertIsNone(client.wait("health")["unavailable"])
                Path(disk, "filler").write_bytes(bytes(120 * MIB))
                full = client.wait("health", lambda frame: frame["unavailable"] is not None)["unavailable"]
                self.assertRegex(full, rf"^no space on its disk: \d+ MiB are free in {folder}, 64 MiB are needed to compile; free some$")
                Path(disk, "filler").unlink()
                client.wait("health", lambda frame: frame["unavailable"] is None)

    def test_room_must_come_back_with_some_to_spare(self) -> None:
        with SmallDisk(self.folder, f"{FREE_BYTES_LEAST // MIB + 8}m") as disk:
            self.assertIsNone(why_full([disk], is_full=False, must_write=False))
            self.assertIn("MiB are needed", why_full([disk], is_full=True, must_write=False) or "")

    def test_what_only_writing_shows_is_tried(self) -> None:
        with SmallDisk(self.folder, "512k") as full:
            self.assertIsNone(why_full([self.folder, full], is_full=True, must_write=False))
            self.assertIn(f"nothing can be written in {full}", why_full([self.folder, full], is_full=True, must_write=True) or "")

    def test_a_disk_without_names_for_files_is_full(self) -> None:
        with SmallDisk(self.folder, "1m,nr_inodes=1") as full:
            self.assertIn("no file can be made", why_full([self.folder, full], is_full=False, must_write=False) or "")


if __name__ == "__main__":
    unittest.main()
