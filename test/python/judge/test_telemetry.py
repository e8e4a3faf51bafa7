"""Who counts as foreign on a GPU."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))

from kiln_runner.judge.gpu.telemetry import is_ours


class Ours(unittest.TestCase):
    def test_judges_of_any_runner_are_ours_by_the_archive_or_the_module(self) -> None:
        archive = f"/usr/bin/python3 /home/kiln/.cache/kiln/box/runner-{'0a' * 32}.pyz judge --kind gpu --device GPU-1"
        self.assertTrue(is_ours(archive))
        self.assertTrue(is_ours("/usr/bin/python3 -m kiln_runner judge --kind gpu"))

    def test_other_programs_are_foreign_whatever_their_folder_is_called(self) -> None:
        self.assertFalse(is_ours("python3 train.py --out /data/kiln-runner/model"))
        self.assertFalse(is_ours("/opt/runner.pyz serve"))
        self.assertFalse(is_ours("python3 runner-1234.pyz"))


if __name__ == "__main__":
    unittest.main()
