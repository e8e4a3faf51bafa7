"""Stands for PyTorch on a played GPU: tensors in memory of this process, which come from the allocator that it is told of, and a few kernels, whose
launches are noted as the driver's calls are. As much of it as programs of the corpus use.
"""
import ctypes
import itertools
import math
import random
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Optional

from kiln_runner.programs.recorder import Call, Recorder
from test.python.programs.played_kernels import KERNELS, blocks_of

__version__ = "2.99.0"


class dtype(NamedTuple):  # noqa: N801 -- its name in PyTorch
    name: str
    code: str
    size: int

    def __str__(self) -> str:
        return f"torch.{self.name}"


float64, float32, float16 = dtype("float64", "d", 8), dtype("float32", "f", 4), dtype("float16", "e", 2)
int64, int32, uint8 = dtype("int64", "q", 8), dtype("int32", "i", 4), dtype("uint8", "B", 1)


class device:  # noqa: N801 -- its name in PyTorch
    def __init__(self, name: "Any" = "cpu") -> None:
        self.type, _, index = str(name).partition(":")
        if index not in ("", "0"):
            raise RuntimeError("CUDA error: invalid device ordinal")

    def __str__(self) -> str:
        return self.type


class Size(tuple):
    def numel(self) -> int:
        return math.prod(self)


class Played:
    """What stands for the driver. `shown`: whether anybody is told of its calls."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self.shown = recorder, True

    def floats(self, address: int, count: int) -> Sequence[float]:
        return array("f", ctypes.string_at(address, 4 * count))

    def put(self, address: int, values: "array[float]") -> None:
        data = values.tobytes()
        ctypes.memmove(address, data, len(data))

    def launch(self, kernel: str, count: int, parameters: list[bytes]) -> None:
        blocks = blocks_of(count)
        if self.shown:
            self._recorder.on_launch(Call(kernel, (blocks, 1, 1), (256, 1, 1), None, 0, False, False, parameters))
        KERNELS[kernel](self, blocks, parameters)

    def tell(self, name: str, *arguments: Any) -> None:
        if self.shown:
            getattr(self._recorder, name)(*arguments)


played: Optional[Played] = None
_allocators: list[Any] = []


class _Allocating:
    @staticmethod
    def _cuda_customAllocator(allocate: int, free: int) -> Any:  # noqa: N802 -- its name in PyTorch
        return (
            ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p)(allocate),
            ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p)(free),
        )

    @staticmethod
    def _cuda_changeCurrentAllocator(allocator: Any) -> None:  # noqa: N802 -- its name in PyTorch
        if _allocators:
            raise RuntimeError("Can't swap an already initialized allocator")
        _allocators.append(allocator)


_C = _Allocating()


class _Storage:
    def __init__(self, size: int, place: str) -> None:
        self.bytes, self.place = size, place
        if place == "cpu":
            self._host = ctypes.create_string_buffer(max(1, size))
            self.address = ctypes.addressof(self._host)
            return
        if not _allocators:
            raise RuntimeError("No CUDA GPUs are available")
        self.address = _allocators[-1][0](size, 0, None) or 0
        if not self.address:
            raise MemoryError("CUDA out of memory")

    def __del__(self) -> None:
        if self.place != "cpu" and _allocators and getattr(self, "address", 0):
            _allocators[-1][1](self.address, self.bytes, 0, None)


class Tensor:
    def __init__(self, storage: _Storage, kind: dtype, shape: Sequence[int], strides: Optional[Sequence[int]] = None, offset: int = 0) -> None:
        self._storage, self.dtype, self.shape, self._offset = storage, kind, Size(shape), offset
        self._strides = tuple(strides) if strides is not None else _row_major(self.shape)

    @property
    def device(self) -> device:
        return device(self._storage.place)

    def data_ptr(self) -> int:
        return self._storage.address + self._offset * self.dtype.size

    def element_size(self) -> int:
        return self.dtype.size

    def numel(self) -> int:
        return self.shape.numel()

    def is_contiguous(self) -> bool:
        return self.numel() <= 1 or self._strides == _row_major(self.shape)

    def contiguous(self) -> "Tensor":
        if self.is_contiguous():
            return self
        made, size = empty(self.shape, dtype=self.dtype), self.dtype.size
        for at, place in enumerate(itertools.product(*(range(count) for count in self.shape))):
            source = self.data_ptr() + size * sum(index * step for index, step in zip(place, self._strides))
            _device().tell("on_copy", source, made.data_ptr() + at * size, size)
            ctypes.memmove(made.data_ptr() + at * size, source, size)
        return made

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> "Tensor":
        if isinstance(key, int):
            at = key if key >= 0 else key + self.shape[0]
            return self._like(self.shape[1:], self._strides[1:], self._offset + at * self._strides[0])
        start, stop, step = key.indices(self.shape[0])
        sizes = (max(0, -(-(stop - start) // step)), *self.shape[1:])
        return self._like(sizes, (self._strides[0] * step, *self._strides[1:]), self._offset + start * self._strides[0])

    def __setitem__(self, key: Any, value: "Tensor") -> None:
        self[key].copy_(value)

    def chunk(self, count: int) -> "list[Tensor]":
        size = -(-self.shape[0] // count)
        return [self[at : at + size] for at in range(0, self.shape[0], size)]

    def view(self, *shape: Any) -> "Tensor":
        sizes = list(shape[0]) if shape and isinstance(shape[0], tuple) else list(shape)
        known = Size(size for size in sizes if size != -1).numel()
        return self._like([self.numel() // known if size == -1 else size for size in sizes])

    def expand(self, shape: Sequence[int]) -> "Tensor":
        return self._like(shape, [0 if own == 1 else step for own, step in zip(self.shape, self._strides)], self._offset)

    def as_subclass(self, cls: Any) -> "Tensor":
        made = cls.__new__(cls)
        made.__dict__.update(self.__dict__)
        return made

    def _like(self, shape: Sequence[int], strides: Optional[Sequence[int]] = None, offset: Optional[int] = None) -> "Tensor":
        return Tensor(self._storage, self.dtype, shape, strides, self._offset if offset is None else offset)

    def _values(self) -> list[Any]:
        code, size, base = self.dtype.code, self.dtype.size, self.data_ptr()
        if self.is_contiguous():
            return list(struct.unpack(f"<{self.numel()}{code}", ctypes.string_at(base, self.numel() * size)))
        places = itertools.product(*(range(count) for count in self.shape))
        steps = [sum(at * step for at, step in zip(place, self._strides)) for place in places]
        return [struct.unpack(f"<{code}", ctypes.string_at(base + step * size, size))[0] for step in steps]

    def _fill_with(self, values: Sequence[Any]) -> "Tensor":
        data = array(self.dtype.code, values).tobytes()
        ctypes.memmove(self.data_ptr(), data, len(data))
        return self

    def tolist(self) -> list[Any]:
        _device().tell("on_download", self.numel() * self.dtype.size)
        return self._values()

    def item(self) -> Any:
        return self.tolist()[0]

    def to(self, place: Any) -> "Tensor":
        return self if device(place).type != "cpu" else self.cpu()

    def cpu(self) -> "Tensor":
        return empty(self.shape, dtype=self.dtype, device="cpu")._fill_with(self.tolist())

    def numpy(self) -> memoryview:
        return memoryview(ctypes.string_at(self.data_ptr(), self.numel() * self.dtype.size))

    def clone(self) -> "Tensor":
        return empty_like(self).copy_(self)

    def double(self) -> "Tensor":
        return empty(self.shape, dtype=float64)._fill_with(self._values())

    def float(self) -> "Tensor":
        return self if self.dtype == float32 else empty(self.shape)._fill_with(self._values())

    def copy_(self, other: "Tensor", non_blocking: bool = False) -> "Tensor":
        size, there = self.numel() * self.dtype.size, other._storage.place
        if there == "cpu":
            _device().tell("on_upload", self.data_ptr(), ctypes.string_at(other.data_ptr(), size))
        else:
            _device().tell("on_copy", other.data_ptr(), self.data_ptr(), size)
        ctypes.memmove(self.data_ptr(), ctypes.string_at(other.data_ptr(), size), size)
        return self

    def fill_(self, value: float) -> "Tensor":
        word = struct.pack("<f", value)
        if self.numel():
            _device().tell("on_set", self.data_ptr(), int.from_bytes(word, "little"), 4, self.numel())
        return self._fill_with([value] * self.numel())

    def zero_(self) -> "Tensor":
        return self.fill_(0.0)

    def normal_(self, mean: float = 0, std: float = 1) -> "Tensor":
        return self._fill_with([random.gauss(mean, std) for _ in range(self.numel())])

    def add_(self, other: Any, alpha: float = 1) -> "Tensor":
        return add(self, other, alpha=alpha, out=self)

    def __add__(self, other: Any) -> "Tensor":
        return add(self, other)

    def __iadd__(self, other: Any) -> "Tensor":
        return add(self, other, out=self)

    def __mul__(self, other: Any) -> "Tensor":
        return mul(self, other)

    def __imul__(self, other: Any) -> "Tensor":
        return mul(self, other, out=self)

    def __truediv__(self, other: Any) -> "Tensor":
        return mul(self, 1 / other)

    def __ge__(self, limit: Any) -> "Tensor":
        out = empty_like(self)
        parameters = [*_pointers(self, out), struct.pack("<f", limit), struct.pack("<i", self.numel())]
        _device().launch("at_least", self.numel(), parameters)
        return out

    def __lt__(self, limit: Any) -> "Tensor":
        return mul(self >= limit, -1) + 1.0

    def abs(self) -> "Tensor":
        return mul(self, -1.0) if self._values()[0] < 0 else self

    def __float__(self) -> float:
        return float(self.item())

    def sum(self) -> "Tensor":
        return empty((1,))._fill_with([sum(self._values())])


def _device() -> Played:
    if played is None:
        raise RuntimeError("No CUDA GPUs are available")
    return played


def _row_major(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(Size(shape[at + 1 :]).numel() for at in range(len(shape)))


def _pointers(*tensors: Tensor) -> list[bytes]:
    return [struct.pack("<Q", each.data_ptr()) for each in tensors]


def manual_seed(seed: int) -> None:
    random.seed(seed)


def empty(*shape: Any, dtype: dtype = float32, device: Any = "cuda", pin_memory: bool = False) -> Tensor:
    sizes = shape[0] if shape and isinstance(shape[0], (tuple, list)) else shape
    place = "cpu" if pin_memory else str(globals()["device"](device))
    return Tensor(_Storage(Size(sizes).numel() * dtype.size, place), dtype, sizes)


def empty_like(other: Tensor) -> Tensor:
    return empty(other.shape, dtype=other.dtype, device=other.device)


def zeros(*shape: Any, device: Any = "cuda") -> Tensor:
    return empty(*shape, device=device).fill_(0.0)


def ones(*shape: Any, device: Any = "cuda") -> Tensor:
    return empty(*shape, device=device).fill_(1.0)


def zeros_like(other: Tensor) -> Tensor:
    return empty_like(other).zero_()


def tensor(values: Any, device: Any = "cpu") -> Tensor:
    host = empty((len(values),), device="cpu")._fill_with(values)
    return host if str(device) == "cpu" else empty((len(values),)).copy_(host)


def add(x: Tensor, other: Any, *, alpha: float = 1, out: Optional[Tensor] = None) -> Tensor:
    if not isinstance(other, Tensor):
        return _combine(x, x, (1.0, 0.0, other * alpha), out)
    if x.dtype != float32 or x._storage.place == "cpu":
        made = empty_like(x) if out is None else out
        return made._fill_with([one + alpha * two for one, two in zip(x._values(), other._values())])
    return _combine(x, other, (1.0, alpha, 0.0), out)


def mul(x: Tensor, other: Any, *, out: Optional[Tensor] = None) -> Tensor:
    if not isinstance(other, Tensor):
        return _combine(x, x, (other, 0.0, 0.0), out)
    return addcmul(zeros_like(x), x, other, out=out)


def addcmul(x: Tensor, y: Tensor, z: Tensor, *, out: Optional[Tensor] = None) -> Tensor:
    made = empty_like(x) if out is None else out
    parameters = [*_pointers(x, y, z, made), struct.pack("<i", x.numel()), struct.pack("<i", int(z.numel() == x.numel()))]
    if x.numel():
        _device().launch("add_product", x.numel(), parameters)
    return made


def _combine(x: Tensor, y: Tensor, numbers: "tuple[float, float, float]", out: Optional[Tensor]) -> Tensor:
    count = max(x.numel(), y.numel()) if x.numel() and y.numel() else 0
    made = empty(x.shape if x.numel() >= y.numel() else y.shape) if out is None else out
    steps = [struct.pack("<i", value) for value in (count, int(x.numel() == count), int(y.numel() == count))]
    if count:
        _device().launch("combine", count, [*_pointers(x, y, made), *(struct.pack("<f", value) for value in numbers), *steps])
    return made


def equal(x: Tensor, y: Tensor) -> bool:
    return x.tolist() == y.tolist()


def isfinite(x: Tensor) -> Tensor:
    return x >= -3e38


def as_strided(x: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int = 0) -> Tensor:
    last = storage_offset + sum((count - 1) * step for count, step in zip(size, stride))
    if (last + 1) * x.dtype.size > x._storage.bytes:
        raise RuntimeError("setStorage: out of bounds for storage")
    return Tensor(x._storage, x.dtype, size, stride, storage_offset)


class _Stream:
    cuda_stream = 0

    def synchronize(self) -> None: ...

    def wait_stream(self, other: "_Stream") -> None: ...

    def wait_event(self, event: "_Event") -> None: ...


class _Event:
    def record(self, stream: Optional[_Stream] = None) -> None: ...

    def elapsed_time(self, other: "_Event") -> float:
        return 1.0


class _Graph:
    def replay(self) -> None:
        _device().tell("on_other", "a CUDA graph of its own")


class _Cuda:
    Stream, Event, CUDAGraph = _Stream, _Event, _Graph

    def init(self) -> None: ...

    def is_available(self) -> bool:
        return bool(_allocators)

    def synchronize(self, device: Any = None) -> None: ...

    def empty_cache(self) -> None: ...

    def current_stream(self) -> _Stream:
        return _Stream()

    @contextmanager
    def stream(self, stream: _Stream) -> Iterator[None]:
        yield

    @contextmanager
    def graph(self, graph: _Graph) -> Iterator[None]:
        yield


cuda = _Cuda()
# As PyTorch's own, whose name programs look up.
sys.modules["torch.cuda"] = cuda  # type: ignore[assignment]
