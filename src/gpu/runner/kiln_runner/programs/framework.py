"""The program's framework as a recorder needs it: PyTorch, of which nothing is imported here that its zygote has not imported.

Memory comes from the recorder's arena: through the allocator that PyTorch calls for every tensor, by C functions that ctypes makes.
"""
import ctypes
import os
import sys
from ctypes import c_int, c_ssize_t, c_void_p
from typing import Any, NamedTuple, Optional, Protocol

from kiln_runner.programs.arena import Arena, Block
from kiln_runner.protocol import Json

_ALLOCATE = ctypes.CFUNCTYPE(c_void_p, c_ssize_t, c_int, c_void_p)
_FREE = ctypes.CFUNCTYPE(None, c_void_p, c_ssize_t, c_int, c_void_p)
# Element types of a problem -> PyTorch's.
TYPES = {
    "f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "i64": "int64", "i32": "int32", "u32": "uint32", "i8": "int8",
    "u8": "uint8", "f8e4m3": "float8_e4m3fn", "f4e2m1x2": "float4_e2m1fn_x2",
}
# Where this PyTorch has no such type, programs get its bits.
_BITS = {"u32": "int32", "f8e4m3": "uint8", "f4e2m1x2": "uint8"}
_STRUCTURES = ("permutation", "offsets", "sorted_integers", "bernoulli")
_DRAWN_AS_FLOATS = ("float64", "float32", "float16", "bfloat16")


class Found(NamedTuple):
    """A tensor that a program returned. `address` and `bytes`: of its first element, and of all that lie in a row."""

    type: str
    shape: list[int]
    address: int
    bytes: int
    is_contiguous: bool
    is_on_gpu: bool


class Framework(Protocol):
    def begin(self, arena: Arena) -> None:
        """From now on all memory of the GPU comes from there."""
        ...

    def seed(self, seed: int) -> None:
        """Of what the program draws, such as a model's weights."""
        ...

    def unseed(self) -> None:
        """From now on nobody knows what is drawn."""
        ...

    def make(self, block: Block, dtype: str, shape: list[int]) -> Any: ...

    def draw(self, tensor: Any, distribution: Json) -> None:
        """Numbers as the distribution has them, more or less: they decide nothing but what the program's host code sees."""
        ...

    def synchronize(self) -> None: ...

    def look(self, value: Any) -> Optional[Found]:
        """None: it is no tensor."""
        ...

    def contiguous(self, value: Any) -> Any:
        """The same numbers in rows, in memory of their own."""
        ...

    def clamp(self, value: Any, low: int, high: int) -> None:
        """Integers beyond the bounds become the nearer one."""
        ...

    def all_true(self, value: Any) -> Any:
        """Of a tensor of bool: one byte, 1 where all of it is true."""
        ...

    def type_of(self, dtype: str) -> str:
        """As `look` calls it."""
        ...


class Torch:
    def __init__(self) -> None:
        self._torch: Any = sys.modules["torch"]
        # C keeps only their addresses.
        self._kept: list[Any] = []

    def begin(self, arena: Arena) -> None:
        # By it the zygote asked whether there is a GPU without starting CUDA. Behind the walls NVML may see none where the driver sees one.
        os.environ.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)

        def allocate_for_it(size: int, _device: int, _stream: int) -> int:
            return arena.allocate(size) if size > 0 else 0

        def free_for_it(address: Optional[int], _size: int, _device: int, _stream: int) -> None:
            arena.free(address or 0)

        allocate, free = _ALLOCATE(allocate_for_it), _FREE(free_for_it)
        self._kept += [allocate, free]
        pointers = [ctypes.cast(function, c_void_p).value for function in (allocate, free)]
        allocator = self._torch._C._cuda_customAllocator(*pointers)
        self._kept.append(allocator)
        self._torch._C._cuda_changeCurrentAllocator(allocator)
        self._torch.cuda.init()

    def make(self, block: Block, dtype: str, shape: list[int]) -> Any:
        return self._torch.empty(shape, dtype=getattr(self._torch, self.type_of(dtype)), device="cuda")

    def type_of(self, dtype: str) -> str:
        return TYPES[dtype] if hasattr(self._torch, TYPES[dtype]) else _BITS[dtype]

    def draw(self, tensor: Any, distribution: Json) -> None:
        # What is derived is like nothing that is drawn; indices stay within their bounds.
        kind, name = "integers" if "low" in distribution and distribution["kind"] == "derived" else distribution["kind"], self._name(tensor.dtype)
        low, high = distribution.get("low", 0), distribution.get("high", 1)
        if kind in _STRUCTURES:
            # Made on the host: sorting on the GPU would take memory that the program may need.
            tensor.copy_(self._structure(tuple(tensor.shape), distribution).to(tensor.dtype))
        elif name not in _DRAWN_AS_FLOATS:
            if kind == "integers" and name in ("int64", "int32", "int8", "uint8"):
                tensor.random_(low, high + 1)
            else:
                tensor.view(self._torch.uint8).random_(0, 256 if kind == "bits" else 64)
        elif kind == "uniform":
            tensor.uniform_(low, high)
        elif kind == "integers":
            tensor.random_(low, high + 1) if low >= 0 else tensor.random_(0, high - low + 1).add_(low)
        elif kind == "zeros":
            tensor.zero_()
        else:
            tensor.normal_(distribution.get("mean", 0), distribution.get("std", 1))

    def _structure(self, shape: "tuple[int, ...]", distribution: Json) -> Any:
        """Whole numbers (int64) with a structure along the last axis (judge/native/element.h)."""
        torch, kind, low, high = self._torch, distribution["kind"], distribution.get("low", 0), distribution.get("high", distribution.get("total", 0))
        drawn = torch.rand(shape, dtype=torch.float64, device="cpu")
        if kind == "permutation":
            return drawn.argsort(-1)
        if kind == "bernoulli":
            return (drawn < distribution["share"]).to(torch.int64)
        values = (drawn * (high - low + 1)).floor().to(torch.int64).add_(low).clamp_(low, high).sort(-1).values
        if kind == "offsets":
            values[..., 0], values[..., -1] = low, high
        return values

    def seed(self, seed: int) -> None:
        self._torch.manual_seed(seed)

    def unseed(self) -> None:
        self._torch.manual_seed(int.from_bytes(os.urandom(7), "little"))

    def synchronize(self) -> None:
        self._torch.cuda.synchronize()

    def look(self, value: Any) -> Optional[Found]:
        if not isinstance(value, self._torch.Tensor):
            return None
        return Found(
            self._name(value.dtype), list(value.shape), value.data_ptr(), value.numel() * value.element_size(), value.is_contiguous(),
            value.device.type == "cuda",
        )

    def contiguous(self, value: Any) -> Any:
        return value.contiguous()

    def clamp(self, value: Any, low: int, high: int) -> None:
        value.clamp_(low, high)

    def all_true(self, value: Any) -> Any:
        return value.all().to(self._torch.uint8).reshape(1)

    def _name(self, dtype: Any) -> str:
        return str(dtype).rsplit(".", 1)[-1]
