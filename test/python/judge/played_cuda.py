"""A driver without a GPU, as far as recordings need one: memory can be shown at two addresses, and the kernels of test.python.programs.played_gpu are
computed when they are launched.
"""
import ctypes
import os
import struct
from types import SimpleNamespace
from typing import Any

from kiln_runner.judge.gpu.driver import CudaError
from kiln_runner.programs.recording_shape import WINDOW_UNIT
from test.python.programs.played_gpu import KERNELS

_SHARED_FIXED, _NOTHING_THERE, _READ_WRITE = 0x11, 0x4022, 3
_GIB = 1024**3


class PlayedDriver:
    """Physical memory is a file in memory; a handle is its number."""

    launches_by_config = False

    def __init__(self) -> None:
        self._c = ctypes.CDLL(None, use_errno=True)
        self._c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
        self._c.mmap.restype = ctypes.c_void_p
        self._c.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self.mapped: dict[int, int] = {}
        self.handles: set[int] = set()
        self.launched: list[str] = []
        self._names: list[str] = []
        self.lib = SimpleNamespace(
            cuLaunchKernel=self._launch, cuMemcpyDtoDAsync_v2=self._copy, cuMemsetD8Async=self._set(1), cuMemsetD16Async=self._set(2),
            cuMemsetD32Async=self._set(4), cuModuleGetFunction=self._function, cuFuncGetAttribute=self._attribute, cuFuncSetAttribute=lambda *_: 0,
            cuFuncGetParamInfo=self._parameter,
        )

    def page_bytes(self) -> int:
        return WINDOW_UNIT

    def total_bytes(self) -> int:
        return 8 * _GIB

    def memory_bytes(self) -> "tuple[int, int]":
        return 7 * _GIB, 8 * _GIB

    def attribute(self, _which: int) -> int:
        return 232_448

    def reserve_addresses(self, size: int) -> int:
        if size > 1 << 38:
            raise CudaError(2, "too much", "cuMemAddressReserve")
        got = self._c.mmap(None, size + WINDOW_UNIT, 0, _NOTHING_THERE, -1, 0)
        return -(-got // WINDOW_UNIT) * WINDOW_UNIT

    def reserve_at(self, address: int, size: int) -> None:
        pass

    def create_memory(self, size: int) -> int:
        handle = os.memfd_create("played")
        os.ftruncate(handle, size)
        self.handles.add(handle)
        return handle

    def release_memory(self, handle: int) -> None:
        self.handles.remove(handle)
        os.close(handle)

    def map_memory(self, address: int, size: int, handle: int) -> None:
        if any(address < at + length and at < address + size for at, length in self.mapped.items()):
            raise CudaError(1, "CUDA_ERROR_INVALID_VALUE", f"cuMemMap({size})")
        if self._c.mmap(address, size, _READ_WRITE, _SHARED_FIXED, handle, 0) != address:
            raise CudaError(2, "CUDA_ERROR_OUT_OF_MEMORY", f"cuMemMap({size})")
        self.mapped[address] = size

    def unmap_memory(self, address: int, size: int) -> None:
        assert self.mapped.pop(address) == size
        self._c.munmap(address, size)

    def upload(self, to: int, data: bytes) -> None:
        ctypes.memmove(to, data, len(data))

    def download(self, source: int, size: int) -> bytes:
        return ctypes.string_at(source, size)

    def fill(self, to: int, pattern: int, size: int) -> int:
        ctypes.memmove(to, (pattern.to_bytes(4, "little") * (size // 4 + 1))[:size], size)
        return 1

    def copy(self, to: int, source: int, size: int) -> None:
        ctypes.memmove(to, source, size)

    def synchronize(self) -> None:
        pass

    def load_module(self, _image: bytes) -> ctypes.c_void_p:
        return ctypes.c_void_p(7)

    def unload_module(self, _module: object) -> None:
        pass

    def variable(self, _module: object, _name: str) -> "tuple[int, int] | None":
        return None

    def check(self, code: int, what: str) -> None:
        if code:
            raise CudaError(code, f"CUDA_ERROR_{code}", what)

    def close(self) -> None:
        for address, size in list(self.mapped.items()):
            self.unmap_memory(address, size)
        for handle in list(self.handles):
            self.release_memory(handle)

    def _function(self, function: Any, _module: object, name: bytes) -> int:
        self._names.append(name.decode())
        function._obj.value = len(self._names)
        return 0

    def _attribute(self, value: Any, which: int, _function: object) -> int:
        value._obj.value = {0: 1024}.get(which, 0)
        return 0

    def _parameter(self, function: Any, number: Any, offset: Any, size: Any) -> int:
        sizes = KERNELS[self._names[function.value - 1]]
        if number.value >= len(sizes):
            return 1
        offset._obj.value, size._obj.value = sum(sizes[: number.value]), sizes[number.value]
        return 0

    def _launch(self, function: Any, *arguments: Any) -> int:
        name, parameters = self._names[function.value - 1], arguments[8]
        values = [ctypes.string_at(parameters[at], size) for at, size in enumerate(KERNELS[name])]
        self.launched.append(name)
        source, to = (int.from_bytes(value, "little") for value in values[:2])
        if name == "all":
            self.upload(to, bytes([all(self.download(source, int.from_bytes(values[2], "little")))]))
            return 0
        if name == "doubled":
            count, other = int.from_bytes(values[3], "little"), int.from_bytes(values[2], "little")
            numbers = [struct.unpack(f"<{count}f", self.download(at, 4 * count)) for at in (source, other)]
            self.upload(to, bytes(2 * one == two for one, two in zip(*numbers)))
            return 0
        factor = struct.unpack("<f", values[2])[0] if name == "scale" else self._by_table(int.from_bytes(values[2], "little"))
        count = int.from_bytes(values[3], "little")
        numbers = struct.unpack(f"<{count}f", self.download(source, 4 * count))
        self.upload(to, struct.pack(f"<{count}f", *[number * factor for number in numbers]))
        return 0

    def _by_table(self, table: int) -> float:
        return struct.unpack("<f", self.download(int.from_bytes(self.download(table, 8), "little"), 4))[0]

    def _copy(self, to: Any, source: Any, size: Any, _stream: object) -> int:
        ctypes.memmove(to.value, source.value, size.value)
        return 0

    def _set(self, width: int) -> Any:
        def fill(at: Any, value: Any, count: Any, _stream: object) -> int:
            self.upload(at.value, int(value.value).to_bytes(width, "little") * count.value)
            return 0

        return fill
