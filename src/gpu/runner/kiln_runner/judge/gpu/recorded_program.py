"""A recording loaded on the GPU: its binaries, what it keeps between calls, and its operations in order at the addresses that it names."""
from collections.abc import Mapping, Sequence
from ctypes import c_size_t, c_ubyte, c_uint, c_uint64, c_ushort
from typing import Any, Callable, NamedTuple, Protocol

from kiln_runner.programs.recording import Copy, Fill, Launch, Recording, Segment, Upload
from kiln_runner.protocol import Plan
from kiln_runner.protocol_outcomes import KernelShare

from ..failures import InfraFailure, LaunchRejected
from ..layout import room
from ..recorded import FIELD, Recorded, RecordedArtifact
from .driver import OUT_OF_MEMORY, CudaError, Driver
from .launching import COOPERATIVE, PARAMETERS_MAX, LaunchShape, PreparedLaunch
from .memory import Block, Memory, Piece
from .operation_times import OperationTimes
from .program import Program
from .windows import Shown, Windows

Operation = Callable[[], int]


class Host(Protocol):
    """The device that it is loaded on."""

    @property
    def driver(self) -> Driver: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def windows(self) -> Windows: ...

    @property
    def operation_times(self) -> OperationTimes: ...


class Bound(NamedTuple):
    """`shown`: what a case has to show before it runs, by address."""

    operations: Sequence[Operation]
    shown: dict[int, Shown]


class RecordedProgram(Program, Recorded):
    def __init__(self, host: Host, artifact: RecordedArtifact) -> None:
        self._host, self._recorded = host, artifact
        # What it keeps, by address and content: each once, however many cases have it.
        self._kept: dict[tuple[int, str], tuple[Piece, Segment, bytes]] = {}
        self._blocks: list[Block] = []
        self._operations: dict[str, list[Operation]] = {}
        self._shown_by: dict[str, Callable[[], None]] = {}
        self.is_closed = self._is_shown = False
        # At the end: it closes itself where a module is refused.
        super().__init__(host.driver, artifact)

    def close(self) -> None:
        if self._is_shown:
            self._host.windows.hide()
        self.is_closed = True
        super().close()
        for block in self._blocks:
            self._host.memory.free(block)
        self._blocks = []

    def plan(self, case: str) -> Plan:
        return self._recorded.plan(case)

    def plan_apart(self, case: str) -> Plan:
        return self._recorded.plan_apart(case)

    def plan_alone(self, case: str) -> Plan:
        return self._recorded.plan_alone(case)

    def shares(self, case: str) -> list[KernelShare]:
        self._shown_by[case]()
        kernels = [operation.kernel if isinstance(operation, Launch) else "" for operation in self._recorded.recording(case).operations]
        return self._host.operation_times.shares(kernels, self._operations[case])

    def bind(self, case: str, pieces: Mapping[str, Piece], show: Callable[[], None]) -> Bound:
        """`pieces`: memory of the case, of its tensors and of this program's scratch, by their names. `show`: has the case show it. LaunchRejected
        names what cannot be."""
        recording = self._recorded.recording(case)
        self._is_shown, self._shown_by[case] = True, show
        self._keep(recording)
        shown = dict(self._place(segment, pieces) for segment in recording.segments)
        if case not in self._operations:
            # By addresses of its own: the same on whatever memory.
            self._operations[case] = [self._operation(f"{FIELD}.ops[{n}]", one) for n, one in enumerate(recording.operations)]
        return Bound(self._operations[case], shown)

    def restore(self) -> None:
        """What it keeps is as it was recorded; before every check, and never inside of what is timed."""
        for piece, segment, image in self._kept.values():
            self._host.driver.upload(self._own(piece, segment), image)

    def has_changed(self) -> bool:
        """Whether its kernels wrote to what it keeps. Waits."""
        driver = self._host.driver
        return any(driver.download(self._own(piece, segment), segment.bytes) != image for piece, segment, image in self._kept.values())

    def _keep(self, recording: Recording) -> None:
        new = [segment for segment in recording.segments if segment.role == "static" and _place_of(segment) not in self._kept]
        if not new:
            return
        page = self._host.memory.page
        block = self._map([room(segment.bytes, page).mapped for segment in new])
        for piece, segment in zip(block.pieces, new):
            self._kept[_place_of(segment)] = (piece, segment, recording.images[segment.image or ""])

    def _map(self, sizes: Sequence[int]) -> Block:
        try:
            block = self._host.memory.map(sizes)
        except CudaError as error:
            if error.code != OUT_OF_MEMORY:
                raise
            raise InfraFailure("out_of_memory", f"the device has no {sum(sizes)} bytes for what a recording keeps: {error}") from error
        self._blocks.append(block)
        return block

    def _own(self, piece: Piece, segment: Segment) -> int:
        return piece.address + room(segment.bytes, self._host.memory.page).offset

    def _place(self, segment: Segment, pieces: Mapping[str, Piece]) -> "tuple[int, Shown]":
        place = room(segment.bytes, self._host.memory.page)
        piece = self._kept[_place_of(segment)][0] if segment.role == "static" else pieces[segment.tensor or segment.name]
        if (segment.address - place.offset) % self._host.memory.page or piece.bytes != place.mapped:
            raise LaunchRejected(FIELD, f"segment {segment.name} does not lie at the end of a mapping as the judge's buffers do")
        return segment.address - place.offset, Shown(piece.handle, piece.bytes)

    def _operation(self, field: str, operation: Any) -> Operation:
        lib = self._host.driver.lib
        if isinstance(operation, Launch):
            return self._bind_launch(field, operation)
        if isinstance(operation, Fill):
            return self._fill(operation)
        if isinstance(operation, Copy):
            to, source, size = c_uint64(operation.to), c_uint64(operation.source), c_size_t(operation.bytes)
        else:
            assert isinstance(operation, Upload)
            to, source, size = c_uint64(operation.to), c_uint64(self._stage(operation.data)), c_size_t(len(operation.data))
        return lambda: lib.cuMemcpyDtoDAsync_v2(to, source, size, None)

    def _fill(self, fill: Fill) -> Operation:
        lib, at, number = self._host.driver.lib, c_uint64(fill.at), c_size_t(fill.number)
        if fill.width == 1:
            return lambda: lib.cuMemsetD8Async(at, c_ubyte(fill.value), number, None)
        if fill.width == 2:
            return lambda: lib.cuMemsetD16Async(at, c_ushort(fill.value), number, None)
        return lambda: lib.cuMemsetD32Async(at, c_uint(fill.value), number, None)

    def _stage(self, data: bytes) -> int:
        """On the device: a copy from the host would wait for the host."""
        block = self._map([len(data)])
        self._host.driver.upload(block.pieces[0].address, data)
        return block.pieces[0].address

    def _bind_launch(self, field: str, launch: Launch) -> PreparedLaunch:
        function = self.function_in(field, self._recorded.folder / launch.module, launch.kernel)
        values = [(c_ubyte * len(value)).from_buffer_copy(value) for value in launch.parameters]
        if len(values) > PARAMETERS_MAX:
            raise LaunchRejected(f"{field}.params", f"{len(values)} parameters; at most {PARAMETERS_MAX} are launched with")
        shape = LaunchShape(launch.grid, launch.block, launch.shared, launch.cluster, _attributes(launch))
        self.check_launch(field, launch.kernel, function, (shape, values))
        return PreparedLaunch(self._host.driver, function, shape, values)


def _place_of(segment: Segment) -> "tuple[int, str]":
    """A buffer that a program fills anew for another shape has one address and another content."""
    return segment.address, segment.image or ""


# CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
_SERIALIZATION = 6


def _attributes(launch: Launch) -> list[int]:
    """That are just on."""
    return [*([COOPERATIVE] if launch.cooperative else []), *([_SERIALIZATION] if launch.serialization else [])]

