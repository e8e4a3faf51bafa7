"""Kernels of a played GPU, on f32 in any memory: by PyTorch's stand-in when they are launched, and by whoever replays a recording of that."""
import struct
from array import array
from collections.abc import Sequence
from typing import Callable, Protocol

THREADS = 256
_POINTER, _FLOAT, _INT = 8, "<f", "<i"


class FloatMemory(Protocol):
    def floats(self, address: int, count: int) -> Sequence[float]: ...

    def put(self, address: int, values: "array[float]") -> None: ...


def _combine(memory: FloatMemory, blocks: int, parameters: Sequence[bytes]) -> None:
    """out = x * alpha + y * beta + gamma. A stride of 0: one number for all."""
    x, y, out = (int.from_bytes(value, "little") for value in parameters[:3])
    alpha, beta, gamma = (struct.unpack(_FLOAT, value)[0] for value in parameters[3:6])
    count, x_step, y_step = (struct.unpack(_INT, value)[0] for value in parameters[6:])
    xs, ys = _spread(memory, x, x_step, _within(count, blocks)), _spread(memory, y, y_step, _within(count, blocks))
    memory.put(out, array("f", [one * alpha + other * beta + gamma for one, other in zip(xs, ys)]))


def _add_product(memory: FloatMemory, blocks: int, parameters: Sequence[bytes]) -> None:
    """out = x + y * z"""
    x, y, z, out = (int.from_bytes(value, "little") for value in parameters[:4])
    count, step = (struct.unpack(_INT, value)[0] for value in parameters[4:])
    here = _within(count, blocks)
    numbers = zip(_spread(memory, x, 1, here), _spread(memory, y, 1, here), _spread(memory, z, step, here))
    memory.put(out, array("f", [one + other * third for one, other, third in numbers]))


def _at_least(memory: FloatMemory, blocks: int, parameters: Sequence[bytes]) -> None:
    """out = 1 where x >= limit, else 0"""
    x, out = (int.from_bytes(value, "little") for value in parameters[:2])
    limit, count = struct.unpack(_FLOAT, parameters[2])[0], struct.unpack(_INT, parameters[3])[0]
    memory.put(out, array("f", [float(one >= limit) for one in _spread(memory, x, 1, _within(count, blocks))]))


def _within(count: int, blocks: int) -> int:
    return max(0, min(count, blocks * THREADS))


def _spread(memory: FloatMemory, address: int, step: int, count: int) -> Sequence[float]:
    return memory.floats(address, count) if step else list(memory.floats(address, 1)) * count


_Kernel = Callable[[FloatMemory, int, Sequence[bytes]], None]
KERNELS: dict[str, _Kernel] = {"combine": _combine, "add_product": _add_product, "at_least": _at_least}
# Of their parameters, in order.
SIZES = {
    "combine": [_POINTER] * 3 + [4] * 6, "add_product": [_POINTER] * 4 + [4] * 2, "at_least": [_POINTER] * 2 + [4] * 2,
}


def blocks_of(count: int) -> int:
    return max(1, -(-count // THREADS))
