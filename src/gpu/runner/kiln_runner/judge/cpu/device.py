"""The CPU as the protocol sees it (device.Device)."""
import ctypes
import mmap
import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Optional

from kiln_runner import protocol
from kiln_runner.host.machine import cpu_device
from kiln_runner.protocol import DefinedCase, ProblemDefinition, Telemetry

from ..artifacts import Artifact
from ..case_cache import CaseCache, case_key
from ..device import Part
from ..failures import DeviceFault
from ..layout import REPLICAS_MAX, Scratch
from ..tensors import DTYPE_CODE, KIND_CODE, tensor_bytes
from .case import CpuCase
from .child import Program
from .library import Comparison, compile_library, harness, load_library
from .memory import PRIVATE_BYTES_MAX, VISIBLE_BYTES_MAX, Memory
from .sampling import SampleStore

CANARY_ELEMENTS = 4096
COPY_BYTES = 32 * 1024 * 1024
COPIES = 3
PR_SET_DUMPABLE = 4
REPLICA_BYTES_MAX = 256 * 1024 * 1024


class CpuDevice:
    def __init__(self, device_id: str, cache: Path) -> None:
        self._id = device_id
        self._cases: CaseCache[CpuCase] = CaseCache()
        refuse_tracing()
        library = compile_library(cache)
        self.lib, self._harness = load_library(library), harness(cache)
        self.visible, self.private = Memory("visible", VISIBLE_BYTES_MAX), Memory("private", PRIVATE_BYTES_MAX)
        self.samples = SampleStore()
        # A child like the others that is never asked for work: what a command costs by itself.
        self.idle = Program("idle", library, self._harness, self.private).bind({"launches": [], "scratch": {}}, [], [])
        self._copy_rate: Optional[float] = None

    def prove(self) -> None:
        self.canary()

    def measure_copy(self) -> None:
        self._copy_rate = self._measure_copy()

    def describe(self) -> protocol.Device:
        return {**cpu_device(), "id": self._id, "copyBytesPerSecond": self._copy_rate}

    def unavailable(self) -> None:
        """Others on the CPU are no reason: it is for development."""

    def canary(self) -> None:
        """Drawn twice with one seed memory must compare equal, with two seeds different."""
        memory = [(ctypes.c_float * CANARY_ELEMENTS)() for _ in range(3)]
        one, other = secrets.randbits(64), secrets.randbits(64)
        for buffer, key in zip(memory, (one, one, other)):
            self.lib.kiln_draw(buffer, CANARY_ELEMENTS, DTYPE_CODE["f32"], KIND_CODE["normal"], 0.0, 1.0, key, one)
        if self._mismatches(memory[0], memory[1]) or self._mismatches(memory[0], memory[2]) < CANARY_ELEMENTS // 2:
            raise DeviceFault("canary: the judge's kernels cannot tell equal memory from different", lost=True)

    def _mismatches(self, one: ctypes.Array[ctypes.c_float], other: ctypes.Array[ctypes.c_float]) -> int:
        found = Comparison()
        self.lib.kiln_compare(one, other, CANARY_ELEMENTS, DTYPE_CODE["f32"], 0.0, 0.0, ctypes.byref(found))
        return found.mismatches

    def _measure_copy(self) -> float:
        """Bytes a second, read plus written; the best of a few, after one that touches the pages."""
        best = float("inf")
        self.private.require(2 * COPY_BYTES)
        for _ in range(COPIES + 1):
            start = time.perf_counter_ns()
            ctypes.memmove(self.private.base + COPY_BYTES, self.private.base, COPY_BYTES)
            best = min(best, time.perf_counter_ns() - start)
        return 2 * COPY_BYTES / best * 1e9

    def load(self, side: str, artifact: Artifact) -> Program:
        file, memory = artifact.code_files()[0], self.private if side == "reference" else self.visible
        return Program(side, file, self._harness, memory, lambda: artifact.is_as_made(file, file.read_bytes()))

    def read_ahead(self, _artifacts: Sequence[Artifact]) -> None:
        """The child reads its own."""

    def load_ahead(self, _side: str, _artifact: Artifact, _kernels: Sequence[str]) -> Optional[Program]:
        """Opening a library runs its constructors, and they could disturb a neighbour that times."""

    def is_busy(self) -> bool:
        return False

    def leftover(self, _programs: Iterable[Program]) -> Optional[str]:
        """Each ran in a process of its own."""

    def constants(self, _programs: Iterable[tuple[Program, Collection[str]]]) -> bytes:
        """Each has a process of its own."""
        return b""

    def cleanse(self) -> None:
        """Nothing of it is in this process."""

    def keeps_open(self, problem: ProblemDefinition, case: DefinedCase, batch: int, scratch: Scratch) -> bool:
        """Cases share memory, and nothing is queued."""
        del problem, case, batch, scratch
        return False

    def open_case(self, problem: ProblemDefinition, case: DefinedCase, batch: int, scratch: Scratch) -> CpuCase:
        return self._cases.get(case_key(problem, case, batch, scratch), lambda: CpuCase(self, case, batch, scratch), lambda: 0)

    def open_once(self, case: DefinedCase, scratch: Scratch) -> CpuCase:
        return CpuCase(self, case, 1, scratch)

    def open_beside(self, _case: DefinedCase, _scratch: Scratch) -> None:
        """Cases share memory."""

    def reserve(self, _parts: Sequence[Part]) -> bool:
        """Both memories grow with the cases that are opened, for nothing."""
        return True

    def replicas_max(self, case: DefinedCase) -> int:
        size = sum(tensor_bytes(tensor) + mmap.PAGESIZE for tensor in case["tensors"])
        return max(1, min(REPLICAS_MAX, REPLICA_BYTES_MAX // size))

    def rest(self) -> Optional[float]:
        return None

    def telemetry(self) -> Telemetry:
        return {
            "deviceId": self._id,
            "smClockMhz": None,
            "memoryClockMhz": None,
            "powerW": None,
            "temperatureC": None,
            "throttleReasons": [],
        }


def refuse_tracing() -> None:
    """Nobody without the right to trace any process may read or write this one's memory and descriptors: not what it starts, either."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
