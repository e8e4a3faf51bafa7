"""The GPU as the protocol sees it (device.Device)."""
import struct
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Optional

from kiln_runner import protocol
from kiln_runner.protocol import DefinedCase, ProblemDefinition, Telemetry

from ..answering import AnsweringArtifact, is_answering
from ..artifacts import Artifact
from ..case_cache import CaseCache, case_key
from ..companions import Companions
from ..device import INPUTS, OWN_SIDES, VERIFY, Part
from ..failures import InfraFailure, LaunchRejected
from ..layout import REPLICAS_MAX, Scratch, room
from ..recorded import RecordedArtifact, is_recording
from ..tensors import tensor_bytes
from .answer_process import Releasing
from .answering_program import AnsweringProgram
from .canary import Canary, measure_copy
from .case import GpuCase
from .driver import (
    CC_MAJOR,
    CC_MINOR,
    L2_BYTES,
    LIMIT_MALLOC_HEAP,
    LIMIT_PERSISTING_L2,
    LIMIT_PRINTF_FIFO,
    LIMIT_STACK,
    MULTIPROCESSORS,
    OUT_OF_MEMORY,
    PERSISTING_L2_BYTES,
    CudaError,
    Driver,
)
from .exchange import Exchange
from .helper_image import helper_image
from .image import Images, read_images, understood
from .kernels import FindingsBlock, HelperKernels
from .looks import Looks
from .memory import Memory
from .null_process import spin_image, starter
from .nulls import Nulls
from .operation_times import OperationTimes
from .placing import Places, place_case
from .program import Program
from .recorded_program import RecordedProgram
from .sampling import SampleStore, Tools
from .telemetry import NOTHING_TOLD, Nvml
from .timely import Timely
from .timing import Timer
from .windows import Windows

# What the driver may take to tell clocks and temperature; it takes less than a millisecond.
NVML_S_MAX = 1.0
PRINTF_FIFO_BYTES = 64 * 1024
MALLOC_HEAP_BYTES = 4 * 1024 * 1024
WARM_UP_BYTES, WARM_UP_PART_BYTES = 512 * 1024, 64 * 1024
# Opened cases are kept for the next candidate while they take no more of the device's memory than this.
CASES_SHARE_MAX = 1 / 8
# Cases are opened again, at other addresses, when so much time has passed: sooner than an author has read a verdict and a kernel that knows
# these addresses is compiled and queued. Opening those of a problem takes some milliseconds.
REDRAW_S = 2.0
# Replicas of a case's tensors may take this much; only plans below 10 us have any.
REPLICA_BYTES_MAX = 2 * 1024**3
# Sides whose recordings are a problem's own.
_OF_PROBLEM = (*OWN_SIDES, INPUTS, VERIFY)
# Compute capabilities whose own instructions need the "a" target.
ARCHITECTURE_SPECIFIC = {(9, 0), (10, 0), (10, 3), (12, 0)}


class GpuDevice:
    # Of the artifacts that were read ahead, by their folders.
    _read: Mapping[Path, Images] = {}

    def __init__(self, device_id: str, ordinal: int, cache: Path, companions: Optional[Companions] = None) -> None:
        """`companions`: for programs that answer; None: none can."""
        self.driver = Driver(ordinal)
        image = helper_image(cache, architecture(self.driver))
        self.driver.set_limit(LIMIT_PRINTF_FIFO, PRINTF_FIFO_BYTES)
        self.driver.set_limit(LIMIT_MALLOC_HEAP, MALLOC_HEAP_BYTES)
        self._set_l2_apart()
        # More than this a thread makes the driver get more memory for all of them.
        self._local_bytes_most = self.driver.limit(LIMIT_STACK)
        self.kernels = HelperKernels(self.driver, image)
        self.memory = Memory(self.driver)
        self.windows = Windows(self.driver, self.memory)
        self.operation_times = OperationTimes(self.driver)
        self.findings = FindingsBlock(self.driver, self.memory)
        self.timer = Timer(self.driver, self.memory, self.kernels, self.driver.attribute(L2_BYTES))
        self.sampling = Tools(self.driver, self.kernels, SampleStore(self.memory))
        self._companions = companions
        self.looks, self.exchange = Looks(self.driver, self.memory, self.kernels), Exchange(self.driver, self.kernels)
        self.releasing = Releasing(self.driver, self.memory.page)
        self.nulls = Nulls(starter(self, lambda: spin_image(cache, architecture(self.driver)), lambda: architecture(self.driver)))
        self._canary = Canary(self.memory, self.kernels, self.findings)
        self._telemetry = Nvml(device_id, device_id)
        # NVML can hang for ever, when it would take the candidate's time.
        self._nvml = Timely(NVML_S_MAX)
        # The first reading takes longest.
        self._telemetry.read()
        self._cases: CaseCache[GpuCase] = CaseCache()
        self._cases_bytes_max = int(self.driver.total_bytes() * CASES_SHARE_MAX)
        self._id, self._drawn_s = device_id, time.monotonic()
        self._copy_rate: Optional[float] = None

    def _set_l2_apart(self) -> None:
        """None of the L2 for lines that are to outlast others; below compute capability 8 there is none anyway."""
        if self.driver.attribute(PERSISTING_L2_BYTES):
            self.driver.set_limit(LIMIT_PERSISTING_L2, 0)

    @property
    def companions(self) -> Companions:
        if self._companions is None:
            raise InfraFailure("environment_missing", "no process can be asked for here")
        return self._companions

    def rest(self) -> Optional[float]:
        return self.nulls.rest()

    def prove(self) -> None:
        self.canary()
        self._warm_up()

    def _warm_up(self) -> None:
        """What the canary leaves out: the first guard, copy, delay and pair of events take longer than all others."""
        block = self.memory.map([WARM_UP_BYTES])
        memory = block.pieces[0].address
        segment = memory + WARM_UP_BYTES // 2
        self.driver.upload(memory, struct.pack("=QQ", segment, WARM_UP_PART_BYTES))
        events = [self.driver.event() for _ in range(2)]
        self.kernels.guard(memory, 1)(0)
        self.driver.copy(segment + WARM_UP_PART_BYTES, segment, WARM_UP_PART_BYTES)
        self.kernels.delay()(0)
        for event in events:
            self.driver.record(event)
        self.driver.wait(events[-1])
        self.driver.elapsed_ns(*events)
        self.memory.free(block)

    def measure_copy(self) -> None:
        self._copy_rate = measure_copy(self.driver, self.memory)

    def describe(self) -> protocol.Device:
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
        return self._nvml.ask(self._telemetry.foreign_process, None)

    def canary(self) -> None:
        self._canary.check()

    def load(self, side: str, artifact: Artifact) -> Program:
        try:
            if is_answering(artifact):
                return AnsweringProgram(self, AnsweringArtifact(artifact.folder), side)
            if is_recording(artifact):
                return RecordedProgram(self, RecordedArtifact(artifact.folder, architecture(self.driver), of_problem=side in _OF_PROBLEM))
            return Program(self.driver, artifact, self._read.get(artifact.folder))
        except LaunchRejected as error:
            if side == "candidate":
                raise
            code = "internal" if side == "record" else "baseline_failed" if side == "baseline" else "reference_failed"
            raise InfraFailure(code, f"the {side}'s code cannot be loaded: {error}") from error

    def read_ahead(self, artifacts: Sequence[Artifact]) -> None:
        self._read = {one.folder: understood(read_images(one)) for one in artifacts if not (is_answering(one) or is_recording(one))}

    def load_ahead(self, side: str, artifact: Artifact, kernels: Sequence[str]) -> Program:
        try:
            program = self.load(side, artifact)
        except LaunchRejected as error:
            raise InfraFailure("unknown_artifact", f"the code of the {side} cannot be loaded ahead: {error}") from error
        try:
            program.find(kernels)
        except LaunchRejected:
            # Told when a plan asks for the kernel.
            pass
        except (CudaError, InfraFailure) as error:
            program.close()
            raise InfraFailure("unknown_artifact", f"a kernel of the {side} cannot be looked up: {error}") from error
        return program

    def is_busy(self) -> bool:
        return self.driver.is_busy()

    def leftover(self, programs: Iterable[Program]) -> Optional[str]:
        return next((found for found in (program.leftover(self._local_bytes_most) for program in programs) if found), None)

    def constants(self, programs: Iterable[tuple[Program, Collection[str]]]) -> bytes:
        return b"".join(program.constants(filled) for program, filled in programs)

    def cleanse(self) -> None:
        self.driver.reset_persisting_l2()
        if time.monotonic() - self._drawn_s > REDRAW_S:
            self._drawn_s = time.monotonic()
            self._cases.clear()

    def open_case(self, problem: ProblemDefinition, case: DefinedCase, batch: int, scratch: Scratch) -> GpuCase:
        own = without_empty(scratch)
        return self._cases.get(case_key(problem, case, batch, own), lambda: self._place(case, batch, own), lambda: 0)

    def keeps_open(self, problem: ProblemDefinition, case: DefinedCase, batch: int, scratch: Scratch) -> bool:
        return self._cases.has(case_key(problem, case, batch, scratch), 0)

    def open_once(self, case: DefinedCase, scratch: Scratch) -> GpuCase:
        return self._place(case, 1, without_empty(scratch))

    def open_beside(self, case: DefinedCase, scratch: Scratch) -> Optional[GpuCase]:
        places = place_case(case, 1, without_empty(scratch), self.memory.page)
        if self._cases.weight(bytes_of) + sum(places.sizes) > self._cases_bytes_max:
            return None
        return self._map(case, 1, places)

    def _map(self, case: DefinedCase, batch: int, places: Places) -> Optional[GpuCase]:
        """None where the device has no memory for it."""
        try:
            return GpuCase(self, case, batch, places)
        except CudaError as error:
            if error.code != OUT_OF_MEMORY:
                raise InfraFailure("internal", f"the device cannot map the case {case['name']}: {error}") from error
            return None

    def _place(self, case: DefinedCase, batch: int, scratch: Scratch) -> GpuCase:
        """In the room that cases opened before leave, or in theirs."""
        places = place_case(case, batch, scratch, self.memory.page)
        size = sum(places.sizes)
        self._cases.shrink(bytes_of, max(0, self._cases_bytes_max - size))
        mapped = self._map(case, batch, places)
        if mapped is not None:
            return mapped
        self._cases.clear()
        self.memory.trim()
        try:
            return GpuCase(self, case, batch, places)
        except CudaError as error:
            raise InfraFailure("out_of_memory", f"the device has no {size} bytes for the case {case['name']}: {error}") from error

    def reserve(self, parts: Sequence[Part]) -> bool:
        return self.memory.stock(
            [size for part in parts for size in place_case(part.case, part.batch, part.scratch, self.memory.page).sizes]
        )

    def replicas_max(self, case: DefinedCase) -> int:
        size = sum(room(tensor_bytes(tensor), self.memory.page).mapped for tensor in case["tensors"])
        return max(1, min(REPLICAS_MAX, REPLICA_BYTES_MAX // size))

    def telemetry(self) -> Telemetry:
        return self._nvml.ask(self._telemetry.read, {**NOTHING_TOLD, "deviceId": self._id})


def bytes_of(case: GpuCase) -> int:
    return case.bytes


def without_empty(scratch: Scratch) -> Scratch:
    """Of those sides alone that have any."""
    return {side: names for side, names in scratch.items() if names}


def architecture(driver: Driver) -> str:
    major, minor = driver.attribute(CC_MAJOR), driver.attribute(CC_MINOR)
    return f"sm_{major}{minor}{'a' if (major, minor) in ARCHITECTURE_SPECIFIC else ''}"
