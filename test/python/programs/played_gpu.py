"""A GPU without one: its memory is this process's own, mapped at the very addresses, its kernels are a few lines of Python, and what is launched is
noted as the driver's calls are. Programs of tests call it as others call PyTorch.
"""
import ctypes
import itertools
import math
import struct
from typing import Any, NamedTuple, Optional

from kiln_runner.programs.arena import Arena, Block
from kiln_runner.programs.device_memory import MemoryFailure
from kiln_runner.programs.framework import TYPES, Found
from kiln_runner.programs.record_frames import RecordAsked
from kiln_runner.programs.recorder import Call, Recorder
from kiln_runner.programs.recording_session import Tools
from kiln_runner.programs.recording_shape import WINDOW_UNIT
from test.python.programs.small_cubin import ARCHITECTURE, cubin_of

_SIZES = {"float32": 4, "float64": 8, "int32": 4, "bool": 1, "uint8": 1}
_FIXED_NEW, _PRIVATE_ANONYMOUS, _READ_WRITE = 0x100000, 0x22, 3
# out = x * factor, over n numbers of f32; out = x; the second reads its factor from a table that it is given the address of. Whether x * 2 = y, for
# each of n; whether all of n bytes are 1.
KERNELS = {"scale": [8, 8, 4, 4], "by_table": [8, 8, 8, 4], "doubled": [8, 8, 8, 4], "all": [8, 8, 4]}


class HostMemory:
    """Pages of this process stand for the GPU's."""

    def __init__(self, room: int = 1 << 32) -> None:
        self.page, self._left = WINDOW_UNIT, room
        self._library = ctypes.CDLL(None, use_errno=True)
        self._library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        self._library.mmap.restype = ctypes.c_void_p
        self._mapped: list[tuple[int, int]] = []

    def map(self, address: int, size: int) -> None:
        if size > self._left:
            raise MemoryFailure("cuMemCreate failed with 2")
        got = self._library.mmap(address, size, _READ_WRITE, _PRIVATE_ANONYMOUS | _FIXED_NEW, -1, 0)
        if got != address:
            raise MemoryFailure(f"{address:#x} is taken")
        self._left -= size
        self._mapped.append((address, size))

    def read(self, address: int, size: int) -> bytes:
        return ctypes.string_at(address, size)

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(address, data, len(data))

    def zero(self, address: int, size: int) -> None:
        ctypes.memset(address, 0, size)

    def close(self) -> None:
        for address, size in self._mapped:
            self._library.munmap(ctypes.c_void_p(address), ctypes.c_size_t(size))
        self._mapped = []


class Tensor(NamedTuple):
    """Freed by `free`, since no collector tells when nobody has it any more."""

    address: int
    shape: list[int]
    dtype: str = "float32"
    is_contiguous: bool = True
    is_on_gpu: bool = True

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * _SIZES[self.dtype]


class Gpu:
    """The one of this process, once it is equipped."""

    def __init__(self, memory: HostMemory, arena: Arena, recorder: Recorder) -> None:
        self.memory, self.arena, self.recorder = memory, arena, recorder
        self.drawn = 0
        self.seed: Optional[int] = None

    def empty(self, shape: list[int], dtype: str = "float32") -> Tensor:
        tensor = Tensor(0, shape, dtype)
        address = self.arena.allocate(tensor.bytes)
        if not address:
            raise MemoryError(f"CUDA out of memory: {self.arena.refusal}")
        return tensor._replace(address=address)

    def free(self, tensor: Tensor) -> None:
        self.arena.free(tensor.address)

    def full(self, shape: list[int], value: float) -> Tensor:
        tensor = self.empty(shape)
        self.memory.write(tensor.address, struct.pack("<f", value) * tensor.elements)
        return tensor

    def scale(self, x: Tensor, out: Tensor, factor: float) -> None:
        addresses = [struct.pack("<Q", each.address) for each in (x, out)]
        self._launch("scale", [*addresses, struct.pack("<f", factor), struct.pack("<i", x.elements)])
        self._multiply(x, out, factor)

    def by_table(self, x: Tensor, out: Tensor, table: Tensor, factor: Optional[float] = None) -> None:
        """`factor`: what comes of it, where the table holds no address."""
        addresses = [struct.pack("<Q", each.address) for each in (x, out, table)]
        self._launch("by_table", [*addresses, struct.pack("<i", x.elements)])
        self._multiply(x, out, self._factor_by(table) if factor is None else factor)

    def doubled(self, x: Tensor, y: Tensor) -> Tensor:
        held = self.empty(x.shape, "bool")
        self._launch("doubled", [*(struct.pack("<Q", one.address) for one in (x, held, y)), struct.pack("<i", x.elements)])
        numbers = [struct.unpack(f"<{one.elements}f", self.memory.read(one.address, one.bytes)) for one in (x, y)]
        self.memory.write(held.address, bytes(2 * one == other for one, other in zip(*numbers)))
        return held

    def all(self, held: Tensor) -> Tensor:
        byte = self.empty([1], "uint8")
        self._launch("all", [*(struct.pack("<Q", one.address) for one in (held, byte)), struct.pack("<i", held.elements)])
        self.memory.write(byte.address, bytes([all(self.memory.read(held.address, held.bytes))]))
        return byte

    def _factor_by(self, table: Tensor) -> float:
        return struct.unpack("<f", self.memory.read(struct.unpack("<Q", self.memory.read(table.address, 8))[0], 4))[0]

    def number(self, tensor: Tensor) -> float:
        """As a kernel reads it: the first."""
        return struct.unpack("<f", self.memory.read(tensor.address, 4))[0]

    def _multiply(self, x: Tensor, out: Tensor, factor: float) -> None:
        values = struct.unpack(f"<{x.elements}f", self.memory.read(x.address, x.bytes))
        self.memory.write(out.address, struct.pack(f"<{x.elements}f", *[value * factor for value in values]))

    def point(self, table: Tensor, to: Tensor) -> None:
        self.memory.write(table.address, struct.pack("<Q", to.address))

    def value(self, tensor: Tensor) -> float:
        """As `.item()` reads it."""
        self.recorder.on_download(4)
        return struct.unpack("<f", self.memory.read(tensor.address, 4))[0]

    def launch_graph(self) -> None:
        self.recorder.on_other("a CUDA graph of its own")

    def _launch(self, kernel: str, parameters: list[bytes]) -> None:
        self.recorder.on_launch(Call(kernel, (1, 1, 1), (32, 1, 1), None, 0, False, False, parameters))


_count = itertools.count()


def _draws() -> int:
    """No two recordings draw the same."""
    return 1000 * next(_count)


class PlayedFramework:
    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu

    def begin(self, arena: Arena) -> None:
        pass

    def seed(self, seed: int) -> None:
        self._gpu.seed = seed

    def unseed(self) -> None:
        self._gpu.seed, self._gpu.drawn = None, _draws()

    def make(self, block: Block, dtype: str, shape: list[int]) -> Tensor:
        return self._gpu.empty(shape, self.type_of(dtype))

    def draw(self, tensor: Tensor, distribution: dict[str, Any]) -> None:
        self._gpu.drawn += 1
        values = [float((at * 7 + self._gpu.drawn) % 32) for at in range(tensor.elements)]
        self._gpu.memory.write(tensor.address, struct.pack(f"<{tensor.elements}f", *values))

    def synchronize(self) -> None:
        pass

    def look(self, value: Any) -> Optional[Found]:
        if not isinstance(value, Tensor):
            return None
        return Found(value.dtype, value.shape, value.address, value.bytes, value.is_contiguous, value.is_on_gpu)

    def contiguous(self, value: Tensor) -> Tensor:
        made = self._gpu.empty(value.shape, value.dtype)
        self._gpu.scale(value, made, 1.0)
        return made

    def clamp(self, value: Tensor, low: int, high: int) -> None:
        self._gpu.scale(value, value, 1.0)

    def all_true(self, value: Tensor) -> Tensor:
        return self._gpu.all(value)

    def type_of(self, dtype: str) -> str:
        return TYPES[dtype]


gpu: Optional[Gpu] = None


def equip(asked: RecordAsked) -> Tools:
    global gpu
    memory = HostMemory()
    arena, recorder = Arena(memory, asked["arena"]), Recorder(ARCHITECTURE)
    recorder.on_module(cubin_of(KERNELS))
    gpu = Gpu(memory, arena, recorder)
    return Tools(recorder, arena, memory, PlayedFramework(gpu))


def close() -> None:
    global gpu
    if gpu is not None:
        gpu.memory.close()
    gpu = None


