"""A file system of a test's own, to be filled."""
import subprocess
import tempfile
import unittest


class SmallDisk:
    """A small file system of its own; skips the test where this user may mount none."""

    def __init__(self, below: str, size: str) -> None:
        self._path, self._size = tempfile.mkdtemp(dir=below), size

    def __enter__(self) -> str:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._size}", "none", self._path], capture_output=True, check=False)
        if done.returncode != 0:
            raise unittest.SkipTest("this user may mount no file system")
        return self._path

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", self._path], check=True)
