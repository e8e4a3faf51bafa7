"""The corpus of programs (test/corpus/programs): each is Python, and those that can do without a GPU end in the sandbox as their first lines say."""
import json
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

from kiln_runner.programs.recording import Recordings
from kiln_runner.programs.recording_shape import INDEX
from kiln_runner.programs.recordings import Kept, Unequipped, arena_of, blobs_of, kept_of, recording_hash
from kiln_runner.programs.sandbox import levels
from test.python.asked_again import until_given_time
from test.python.programs.mini_judge import verdict_of
from test.python.programs.small_cubin import ARCHITECTURE
from test.python.programs.test_build import Worker
from test.python.programs.what_is_left import folders_that_stay, processes_that_stay
from test.python.programs.zygote_process import RUNNER, ZygoteProcess

CORPUS = Path(__file__).resolve().parents[2] / "corpus/programs"
ENVIRONMENT = Path(__file__).with_name("played_environment")
SIZES = {"one": 1, "odd": 1003, "even": 4096, "hidden(n=77)": 77}
MIB = 1024 * 1024
BOUNDS = {"limit_s": 60.0, "memory_bytes": 400 * MIB, "scratch_bytes": 16 * MIB, "processes": 32, "log_bytes": MIB, "answer_bytes": 32 * MIB}
# What never returns.
SHORT_S = 1.5
BUILD_S = 600.0
# They need a device's driver, Triton, a compiler, or cases as large as a timed one.
NEEDS_MORE = re.compile(
    r"libcuda|import triton|load_inline|libnvidia-ml|_sleep|1 << 21|1 << 30|32 << 20|nn\.Module|_foreach|cumsum|inference_mode|is_available|jit"
    r"|\"wants\"|\.half\(\)|\.double\(\).*float\(\)"
)
AT_IMPORT = re.compile(r"(?m)TRITON_CACHE_DIR|is_available|^while True|^raise |^import kernels_of|^custom_kernel = 7|seven }|^sys\.settrace")
ENDS = {"timed_out": "timed_out", "over": "contract", "ended": "contract"}
STYLES = {"custom_kernel": r"(?m)^(def custom_kernel\b|custom_kernel = )", "run": r"(?m)^def run\("}


def header(source: str, name: str) -> str:
    found = re.search(rf"(?m)^# {name}: (.+)$", source)
    return found.group(1) if found else ""


def files() -> list[Path]:
    return sorted(CORPUS.glob("*.py"))


def playable() -> list[Path]:
    return [file for file in files() if not header(file.read_text(), "problem") and not NEEDS_MORE.search(file.read_text())]


def unit_of(file: Path) -> Any:
    source = file.read_text()
    symbol = next(symbol for symbol, pattern in STYLES.items() if re.search(pattern, source))
    style = header(source, "style") or ("function" if symbol == "run" else symbol)
    return {
        "language": "python", "architecture": ARCHITECTURE, "files": [{"path": file.name, "content": source}],
        "entry": {"file": file.name, "symbol": symbol, "style": style}, "environment": "torch", "built": "b" * 64, "deviceModel": "Played GPU",
        "cases": [{"name": name, "tensors": [tensor("a", size), tensor("b", size), tensor("out", size)]} for name, size in SIZES.items()],
    }


def tensor(name: str, size: int) -> dict[str, Any]:
    role = "out" if name == "out" else "in"
    return {"name": name, "dtype": "f32", "shape": [size], "role": role, "distribution": {"kind": "normal"}}


class EachFile(unittest.TestCase):
    def test_is_python(self) -> None:
        self.assertGreater(len(files()), 100)
        for file in files():
            with self.subTest(file.name):
                compile(file.read_text(encoding="utf-8"), file.name, "exec", dont_inherit=True)


@unittest.skipUnless(levels() and os.geteuid() == 0, "no sandbox on this host")
class OnAPlayedGpu(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        modules = f"{RUNNER.parents[2]}:{ENVIRONMENT}"
        cls.zygote = ZygoteProcess(modules, ["torch", "test.python.programs.played_torch"], recorder="test.python.programs.played_torch")
        assert not cls.zygote.ready["warnings"], cls.zygote.ready

    @classmethod
    def tearDownClass(cls) -> None:
        cls.zygote.close()

    def ended(self, file: Path) -> "tuple[str, str]":
        """(verdict, why), as a runner and a judge would come to it."""
        unit, expected = unit_of(file), header(file.read_text(), "expect")
        bounds = {**BOUNDS, **({"limit_s": SHORT_S} if "timed_out" in expected else {})}
        asked = {**unit, "built": None, "arena": arena_of(recording_hash(unit, "e" * 64)), "device": ""}

        def ask() -> "tuple[dict, bytes]":
            self.zygote.ask(file.name, "record", asked, levels()[0], bounds)
            return self.zygote.next()

        ended, answer = until_given_time(ask)
        if ended["how"] != "answered":
            return ENDS.get(ended["how"], "infra_failed"), f"{ended['why']} {ended['log']}"
        try:
            kept: Any = kept_of(answer, unit, "torch", ended["log"])
        except Unequipped as error:
            # A known program is recorded then (record_requests.py), and here it would be.
            return "contract", str(error)
        if not isinstance(kept, Kept):
            return kept["verdict"], kept["message"]
        index, read = json.loads(kept.files[INDEX]), Recordings(blobs_of(kept.files), ARCHITECTURE)
        return verdict_of({name: read.parse(kept.files[place]) for name, place in index.items()}), kept.meta["log"]

    def hold(self, kind: str, least: int) -> None:
        found = [file for file in playable() if file.name.startswith(kind)]
        self.assertGreaterEqual(len(found), least)
        for file in found:
            with self.subTest(file.name):
                verdict, why = self.ended(file)
                self.assertIn(verdict, header(file.read_text(), "expect").split(" or "), why[-2000:])
                self.assertNotIn("BREACH", why)
        self.assertEqual(processes_that_stay(), [])
        self.assertEqual(folders_that_stay(self.zygote.process.pid), [])

    def test_honest_ones_pass(self) -> None:
        self.hold("honest-", 15)

    def test_wrong_ones_end_as_they_should(self) -> None:
        self.hold("wrong-", 25)

    def test_hostile_ones_end_as_they_should_and_leave_nothing(self) -> None:
        self.hold("attack-", 60)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("g++"), "needs root, as a runner with a user for each program has it, and g++")
class InTheBuildStage(unittest.TestCase):
    """What a program does where it is imported, and compilers may be started."""

    def test_those_that_do_wrong_when_they_are_imported_end_as_they_should(self) -> None:
        found = [file for file in files() if AT_IMPORT.search(file.read_text())]
        self.assertGreaterEqual(len(found), 9)
        with tempfile.TemporaryDirectory(prefix="kiln-programs-", dir="/tmp") as folder:
            os.chmod(folder, 0o755)
            worker = Worker(folder)
            try:
                for file in found:
                    with self.subTest(file.name):
                        self.hold(file, worker)
            finally:
                worker.close()

    def hold(self, file: Path, worker: Worker) -> None:
        unit = unit_of(file)
        asked = {name: unit[name] for name in ("language", "architecture", "files", "entry", "environment")}
        expected = header(file.read_text(), "expect").split(" or ")
        # A build's limit is of the clock, not of the time that it had.
        reported, _ = worker.build(asked, SHORT_S if expected == ["timed_out"] else BUILD_S)
        if reported["status"] == "compiled":
            self.assertNotEqual({*expected} - {"compile_error", "timed_out"}, set())
        else:
            self.assertIn({"failed": "compile_error"}.get(reported["status"], reported["status"]), expected, reported)


if __name__ == "__main__":
    unittest.main()
