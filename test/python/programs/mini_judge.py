"""What a judge would say of a recording of the played GPU's kernels: replayed in memory of this process, on inputs that it never saw."""
import ctypes
import random
from array import array
from collections.abc import Sequence

from kiln_runner.programs.recording import Copy, Fill, Launch, Recording, Segment, Upload
from kiln_runner.programs.recordings import span_of
from test.python.programs.played_gpu import HostMemory
from test.python.programs.played_kernels import KERNELS

ROUNDS = 2


class OutOfBounds(Exception):
    """As a fault of the device."""


class _Memory:
    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments, self._host = segments, HostMemory()
        for segment in segments:
            start, end = span_of(segment)
            self._host.map(start, end - start)

    def read(self, address: int, size: int) -> bytes:
        self._check(address, size)
        return ctypes.string_at(address, size)

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data))
        ctypes.memmove(address, data, len(data))

    def floats(self, address: int, count: int) -> "array[float]":
        return array("f", self.read(address, 4 * count))

    def put(self, address: int, values: "array[float]") -> None:
        self.write(address, values.tobytes())

    def close(self) -> None:
        self._host.close()

    def _check(self, address: int, size: int) -> None:
        if not any(one.address <= address and address + size <= one.address + one.bytes for one in self._segments):
            raise OutOfBounds(f"{size} bytes at {address:#x}")


def verdict_of(recordings: "dict[str, Recording]") -> str:
    """Of vector_add: its tensors are a, b and out."""
    for recording in recordings.values():
        for round_number in range(ROUNDS):
            verdict = _judged(recording, random.Random(round_number))
            if verdict != "passed":
                return verdict
    return "passed"


def _judged(recording: Recording, rng: random.Random) -> str:
    memory = _Memory(recording.segments)
    try:
        by_tensor = {segment.tensor: segment for segment in recording.segments if segment.tensor is not None}
        inputs = {name: array("f", [rng.uniform(-100, 100) for _ in range(by_tensor[name].bytes // 4)]) for name in ("a", "b")}
        for segment in recording.segments:
            memory.write(segment.address, recording.images[segment.image] if segment.image else b"\xff" * segment.bytes)
        for name, values in inputs.items():
            memory.put(by_tensor[name].address, values)
        for operation in recording.operations:
            _run(operation, memory)
        out = memory.floats(by_tensor["out"].address, by_tensor["out"].bytes // 4)
        if out != array("f", [x + y for x, y in zip(inputs["a"], inputs["b"])]):
            return "wrong_answer"
        if any(memory.floats(by_tensor[name].address, len(values)) != values for name, values in inputs.items()):
            return "modified_input"
        kept = [segment for segment in recording.segments if segment.image]
        if any(memory.read(segment.address, segment.bytes) != recording.images[str(segment.image)] for segment in kept):
            return "contract"
        return "passed"
    except OutOfBounds:
        return "crashed"
    finally:
        memory.close()


def _run(operation: "Launch | Fill | Copy | Upload", memory: _Memory) -> None:
    if isinstance(operation, Launch):
        KERNELS[operation.kernel](memory, operation.grid[0], operation.parameters)
    elif isinstance(operation, Fill):
        memory.write(operation.at, (operation.value.to_bytes(operation.width, "little")) * operation.number)
    elif isinstance(operation, Copy):
        memory.write(operation.to, memory.read(operation.source, operation.bytes))
    else:
        memory.write(operation.to, operation.data)
