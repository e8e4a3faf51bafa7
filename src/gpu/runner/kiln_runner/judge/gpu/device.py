"""The GPU as the protocol sees it (device.Device)."""
from pathlib import Path
from typing import Dict, Optional

from ..artifacts import Artifact
from ..case_cache import CaseCache, case_key
from ..failures import InfraFailure
from ..layout import GUARD_BYTES, REPLICAS_MAX
from ..tensors import tensor_bytes
from .canary import Canary, measure_copy
from .case import GpuCase
from .driver import CC_MAJOR, CC_MINOR, L2_BYTES, LIMIT_MALLOC_HEAP, LIMIT_PRINTF_FIFO, MULTIPROCESSORS, CudaError, Driver
from .helper_image import helper_image
from .kernels import FindingsBlock, HelperKernels
from .memory import Arena
from .program import Program
from .telemetry import Telemetry
from .timing import Timer

PRINTF_FIFO_BYTES = 64 * 1024
MALLOC_HEAP_BYTES = 4 * 1024 * 1024
# Replicas of a case's tensors may take this much; only plans below 10 us have any.
REPLICA_BYTES_MAX = 2 * 1024**3
# Compute capabilities whose own instructions need the "a" target.
ARCHITECTURE_SPECIFIC = {(9, 0), (10, 0), (10, 3), (12, 0)}


class GpuDevice:
    def __init__(self, device_id: str, ordinal: int, cache: Path) -> None:
        self.driver = Driver(ordinal)
        image = helper_image(cache, architecture(self.driver))
        self.driver.set_limit(LIMIT_PRINTF_FIFO, PRINTF_FIFO_BYTES)
        self.driver.set_limit(LIMIT_MALLOC_HEAP, MALLOC_HEAP_BYTES)
        self.kernels = HelperKernels(self.driver, image)
        self.findings = FindingsBlock(self.driver)
        self.arena = Arena(self.driver)
        self.timer = Timer(self.driver, self.kernels, self.driver.attribute(L2_BYTES))
        self._canary = Canary(self.driver, self.kernels, self.findings)
        self._telemetry = Telemetry(device_id, device_id)
        self._cases = CaseCache()
        self._id = device_id
        self._copy_rate: Optional[float] = None

    def prove(self) -> None:
        self.canary()
        self._copy_rate = measure_copy(self.driver)

    def describe(self) -> dict:
        return {
            "id": self._id,
            "kind": "gpu",
            "model": self.driver.name(),
            "architecture": architecture(self.driver),
            "memoryBytes": self.driver.total_bytes(),
            "multiprocessors": self.driver.attribute(MULTIPROCESSORS),
            "l2Bytes": self.driver.attribute(L2_BYTES),
            "copyBytesPerSecond": self._copy_rate,
            "unavailable": self.unavailable(),
        }

    def unavailable(self) -> Optional[str]:
        return self._telemetry.foreign_process()

    def canary(self) -> None:
        self._canary.check()

    def load(self, side: str, artifact: Artifact) -> Program:
        try:
            return Program(self.driver, artifact)
        except CudaError as error:
            raise InfraFailure("unknown_artifact", f"the driver cannot load the artifact of the {side}: {error}") from error

    def open_case(self, problem: dict, case: dict, batch: int, scratch: Dict[str, Dict[str, int]]) -> GpuCase:
        own = {side: names for side, names in scratch.items() if names}
        return self._cases.get(case_key(problem, case, batch, own), lambda: GpuCase(self, case, batch, own), lambda: self.arena.generation)

    def replicas_max(self, case: dict) -> int:
        size = sum(tensor_bytes(tensor) + 3 * GUARD_BYTES for tensor in case["tensors"])
        return max(1, min(REPLICAS_MAX, REPLICA_BYTES_MAX // size))

    def telemetry(self) -> dict:
        return self._telemetry.read()


def architecture(driver: Driver) -> str:
    major, minor = driver.attribute(CC_MAJOR), driver.attribute(CC_MINOR)
    return f"sm_{major}{minor}{'a' if (major, minor) in ARCHITECTURE_SPECIFIC else ''}"
