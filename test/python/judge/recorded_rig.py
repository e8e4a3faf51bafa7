"""Recordings that a played recorder makes, loaded by a judge whose driver is played."""
import os
import random
import shutil
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.compile.artifact import store_artifact
from kiln_runner.judge.artifacts import Artifact
from kiln_runner.judge.gpu.case_recordings import CaseRecordings
from kiln_runner.judge.gpu.memory import Memory
from kiln_runner.judge.gpu.recorded_program import RecordedProgram
from kiln_runner.judge.gpu.windows import Windows
from kiln_runner.judge.layout import room
from kiln_runner.judge.recorded import RecordedArtifact, is_recording
from kiln_runner.programs.record_task import equipped_by, record
from kiln_runner.programs.recording_shape import WINDOW_UNIT
from kiln_runner.programs.recordings import kept_of, recording_hash
from test.python.programs import played_gpu
from test.python.programs.small_cubin import ARCHITECTURE
from test.python.programs.test_record_task import asked_of, unit_of

from .played_cuda import PlayedDriver

COUNTS = {"case-0": 8, "case-1": 16}


class RecordedRig(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kiln-recorded-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.driver = PlayedDriver()
        self.addCleanup(self.driver.close)
        self.memory = Memory(self.driver)
        self.windows = Windows(self.driver, self.memory)
        self.host = SimpleNamespace(driver=self.driver, memory=self.memory, windows=self.windows)
        self.rng = random.Random(1)

    def recorded(self, source: str, **changes: Any) -> RecordedProgram:
        before = os.getcwd()
        os.chdir(tempfile.mkdtemp(dir=self.folder))
        equipped_by.append(played_gpu.equip)
        unit = unit_of(source, **changes)
        try:
            answer = record(asked_of(unit))
        finally:
            equipped_by.remove(played_gpu.equip)
            played_gpu.close()
            os.chdir(before)
        kept: Any = kept_of(answer, unit, "torch", "")
        name = recording_hash(unit, "e" * 64)
        store_artifact(self.folder, name, kept.meta, kept.files)
        self.assertTrue(is_recording(Artifact(self.folder / name)))
        return RecordedProgram(self.host, RecordedArtifact(self.folder / name, ARCHITECTURE, of_problem="side" in changes))

    def place(self, name: str, programs: "dict[str, RecordedProgram]") -> "tuple[CaseRecordings, dict[str, Any]]":
        """Buffers as a case has them."""
        sizes = {"0/x": 4 * COUNTS[name], "0/out": 4 * COUNTS[name]}
        for side, program in programs.items():
            plan = program.plan_apart(name) if side == "reference" else program.plan(name)
            sizes.update({f"{side}.{scratch}": size for scratch, size in plan["scratch"].items()})
        block = self.memory.map([room(size, WINDOW_UNIT).mapped for size in sizes.values()])
        pieces = dict(zip(sizes, block.pieces))
        for piece in block.pieces:
            self.driver.upload(piece.address, b"\xff" * piece.bytes)
        return CaseRecordings(self.windows, name), pieces

    def at(self, pieces: Any, name: str, count: int) -> int:
        return pieces[name].address + room(4 * count, WINDOW_UNIT).offset

    def run_once(self, bound: Any, pieces: Any, count: int) -> "tuple[list[float], list[float]]":
        """(inputs, outputs) of one run on inputs that are new."""
        values = [float(self.rng.randrange(1, 100)) for _ in range(count)]
        self.driver.upload(self.at(pieces, "0/x", count), struct.pack(f"<{count}f", *values))
        self.assertEqual([operation() for operation in bound], [0] * len(bound))
        return values, list(struct.unpack(f"<{count}f", self.driver.download(self.at(pieces, "0/out", count), 4 * count)))
