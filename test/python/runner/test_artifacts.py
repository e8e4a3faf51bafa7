"""The artifact cache and the log: limits, least recent use, what survives a restart."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile import artifact
from kiln_runner.compile.artifact import SHARED_BYTES_LEAST, artifact_hash, store_artifact
from kiln_runner.log import LOG_BYTES_MAX

from . import samples
from .drive import RUNNER_ROOT, WAIT_S

META = {"language": "c", "architecture": "native", "kernels": {}, "compiler": "test", "log": "", "resources": {}}


class Cache(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="kiln-artifacts-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def add(self, cache: ArtifactCache, name: str, size: int = 1000) -> None:
        store_artifact(self.folder, name, META, {"code.so": b"x" * size})
        cache.added(name)

    def test_the_least_recently_used_go_when_it_is_full_and_pinned_ones_stay(self) -> None:
        # So large that what is written beside the code does not count: four fit.
        cache = ArtifactCache(self.folder, bytes_max=450_000)
        for name in ("a", "b", "c", "d"):
            self.add(cache, name, 100_000)
        cache.pin("b")
        cache.meta("a")
        self.add(cache, "e", 100_000)
        self.assertEqual([name for name in "abcde" if cache.has(name)], ["a", "b", "d", "e"])
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", "b", "d", "e"])

    def share(self, cache: ArtifactCache, name: str, library: bytes) -> None:
        store_artifact(self.folder, name, META, {"library": library, "own": name.encode()})
        cache.added(name)

    def bytes_on_disk(self) -> int:
        files = [path.stat() for path in self.folder.rglob("*") if path.is_file()]
        return sum({status.st_ino: status.st_size for status in files}.values())

    def test_what_several_hold_is_on_disk_once_and_goes_with_the_last_of_them(self) -> None:
        library, other = b"l" * SHARED_BYTES_LEAST, b"o" * SHARED_BYTES_LEAST
        cache = ArtifactCache(self.folder, bytes_max=SHARED_BYTES_LEAST + 500_000)
        for name in "abcd":
            self.share(cache, name, library)
        self.assertEqual([name for name in "abcd" if cache.has(name)], list("abcd"))
        self.assertLess(self.bytes_on_disk(), SHARED_BYTES_LEAST + 100_000)
        self.assertEqual((self.folder / "c" / "library").read_bytes(), library)
        # A cache that starts anew counts it once, too.
        cache = ArtifactCache(self.folder, bytes_max=SHARED_BYTES_LEAST + 500_000)
        self.share(cache, "e", other)
        self.assertEqual([name for name in "abcde" if cache.has(name)], ["e"])
        self.assertLess(self.bytes_on_disk(), SHARED_BYTES_LEAST + 100_000)

    def test_what_the_disk_has_spoilt_is_not_shared_any_more(self) -> None:
        cache, library = ArtifactCache(self.folder), b"l" * SHARED_BYTES_LEAST
        self.share(cache, "a", library)
        with open(self.folder / "a" / "library", "r+b") as file:
            file.write(b"spoilt")
        cache.discard("a")
        self.share(cache, "a", library)
        self.assertEqual((self.folder / "a" / "library").read_bytes(), library)

    def test_a_new_cache_knows_what_an_old_one_left_and_removes_unfinished_work(self) -> None:
        self.add(ArtifactCache(self.folder), "a")
        (self.folder / ".unfinished-1").mkdir()
        (self.folder / "no-meta").mkdir()
        cache = ArtifactCache(self.folder)
        self.assertEqual((cache.has("a"), cache.has("no-meta")), (True, False))
        self.assertFalse((self.folder / ".unfinished-1").exists())

    def test_an_artifact_that_vanished_from_the_disk_is_not_there(self) -> None:
        cache = ArtifactCache(self.folder)
        self.add(cache, "a")
        (self.folder / "a" / "meta.json").unlink()
        self.assertIsNone(cache.meta("a"))
        self.assertFalse(cache.has("a"))

    def test_an_artifact_that_vanished_after_its_meta_was_read_is_not_there_either(self) -> None:
        cache = ArtifactCache(self.folder)
        self.add(cache, "a")
        self.assertIsNotNone(cache.meta("a"))
        shutil.rmtree(self.folder / "a")
        self.assertIsNone(cache.meta("a"))
        self.assertFalse(cache.has("a"))

    def test_storing_the_same_content_twice_keeps_the_first(self) -> None:
        store_artifact(self.folder, "a", META, {"code.so": b"first"})
        store_artifact(self.folder, "a", META, {"code.so": b"second"})
        self.assertEqual((self.folder / "a" / "code.so").read_bytes(), b"first")
        self.assertEqual(os.listdir(self.folder), ["a"])

    def test_two_threads_that_store_the_same_content_at_once_both_have_it(self) -> None:
        """A recording that was dropped while it was read, and asked for again."""
        both, written = threading.Barrier(2), artifact._write

        def write(path: str, content: bytes) -> None:
            both.wait(WAIT_S)
            written(path, content)

        with mock.patch.object(artifact, "_write", write), ThreadPoolExecutor(2) as threads:
            for stored in [threads.submit(store_artifact, self.folder, "a", META, {"code.so": b"x"}) for _ in range(2)]:
                stored.result()
        self.assertEqual(sorted(os.listdir(self.folder)), ["a"])

    def test_the_hash_depends_on_everything_that_changes_the_code_and_on_nothing_else(self) -> None:
        unit = samples.c_unit("int f;", N=1)
        reordered = dict(reversed(list(unit.items())))
        self.assertEqual(artifact_hash(unit, "gcc 1"), artifact_hash(reordered, "gcc 1"))
        others = {artifact_hash(unit, "gcc 2"), artifact_hash(samples.c_unit("int f;", N=2), "gcc 1"), artifact_hash(unit, "gcc 1")}
        self.assertEqual(len(others), 3)


class Logging(unittest.TestCase):
    def test_a_full_log_is_rotated_once_and_goes_on(self) -> None:
        with tempfile.TemporaryDirectory(prefix="kiln-log-") as folder:
            path = Path(folder) / "runner.log"
            script = (
                "import sys\nfrom pathlib import Path\nfrom kiln_runner.log import Log\nlog = Log(Path(sys.argv[1]))\n"
                "for index in range(3000): log.write('x' * 3999)\nlog.write('last')\n"
            )
            with open(path, "ab") as stderr:
                environment = {**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
                subprocess.run([sys.executable, "-c", script, str(path)], env=environment, stderr=stderr, check=True)
            self.assertEqual(sorted(os.listdir(folder)), ["runner.log", "runner.log.1"])
            self.assertLess(path.stat().st_size, LOG_BYTES_MAX + 5000)
            self.assertTrue(path.read_text().endswith("last\n"))


if __name__ == "__main__":
    unittest.main()
