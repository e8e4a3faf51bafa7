"""The GPU's memory as a recorder needs it, by ctypes, in the program's process: mapped at addresses of our own choice, read back, zeroed.

The context is made here, before any code of the program, so that it has the settings that the judge's has.
"""
import ctypes
import threading
from ctypes import byref, c_int, c_size_t, c_uint64, c_void_p
from typing import Any, Protocol

from kiln_runner.programs.recording_shape import MEMORY_BYTES_MAX

_PINNED, _ON_DEVICE, _READ_WRITE = 1, 1, 3


class MemoryFailure(Exception):
    """A call of the driver failed; the message says which one."""


# Judges of ours leave a device more than this, and no program may have more than the first.
ENOUGH_BYTES, ENOUGH_SHARE = MEMORY_BYTES_MAX, 1 / 2
SHORT_WORDS = "the GPU is short of memory"
# Of PyTorch, the driver and NVIDIA's libraries.
_LACKING_WORDS = ("out of memory", "ALLOC_FAILED")


def shortage(free: int, total: int) -> str:
    """What a device lacks that has so many free bytes before a program begins; empty where it has room for one."""
    least = min(ENOUGH_BYTES, int(total * ENOUGH_SHARE))
    return "" if free >= least else f"{SHORT_WORDS}: {free} of {total} bytes were free before anything of the program ran"


def says_that_memory_lacks(words: str) -> bool:
    """Whether what was raised with these words is that the device had no memory left."""
    return any(lacking in words for lacking in _LACKING_WORDS)


class DeviceMemory(Protocol):
    # Mappings are made of whole pages of this size.
    page: int

    def map(self, address: int, size: int) -> None:
        """MemoryFailure where the device has no room, or the address is taken."""
        ...

    def read(self, address: int, size: int) -> bytes:
        """Waits for all that was queued."""
        ...

    def zero(self, address: int, size: int) -> None:
        """Waits for all that was queued."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Likewise."""
        ...


class _Location(ctypes.Structure):
    _fields_ = [("kind", c_int), ("device", c_int)]


class _Properties(ctypes.Structure):
    _fields_ = [("kind", c_int), ("handles", c_int), ("location", _Location), ("win32", c_void_p), ("flags", ctypes.c_ubyte * 8)]


class _Access(ctypes.Structure):
    _fields_ = [("location", _Location), ("flags", c_int)]


class CudaMemory:
    """Of the one GPU that this process sees. `windows`: (address, bytes) of all that will ever be mapped."""

    def __init__(self, windows: list[tuple[int, int]], cuda: Any = None) -> None:
        self._cuda, self._own = cuda or ctypes.CDLL("libcuda.so.1"), threading.local()
        self._cuda.cuMemAddressReserve.argtypes = [c_void_p, c_size_t, c_size_t, c_uint64, c_uint64]
        self._cuda.cuMemCreate.argtypes = [c_void_p, c_size_t, c_void_p, c_uint64]
        self._cuda.cuMemMap.argtypes = [c_uint64, c_size_t, c_size_t, c_uint64, c_uint64]
        self._cuda.cuMemSetAccess.argtypes = [c_uint64, c_size_t, c_void_p, c_size_t]
        self._cuda.cuMemcpyDtoH_v2.argtypes = [c_void_p, c_uint64, c_size_t]
        self._cuda.cuMemcpyHtoD_v2.argtypes = [c_uint64, c_void_p, c_size_t]
        self._cuda.cuMemsetD8_v2.argtypes = [c_uint64, ctypes.c_ubyte, c_size_t]
        device, context = c_int(), c_void_p()
        self._ask("cuInit", 0)
        self._ask("cuDeviceGet", byref(device), 0)
        self._ask("cuDevicePrimaryCtxRetain", byref(context), device)
        self._ask("cuCtxSetCurrent", context)
        location = _Location(_ON_DEVICE, device.value)
        self._properties, self._access = _Properties(kind=_PINNED, location=location), _Access(location, _READ_WRITE)
        page = c_size_t()
        self._ask("cuMemGetAllocationGranularity", byref(page), byref(self._properties), 0)
        self.page = page.value
        for address, size in windows:
            self._reserve(address, size)

    def map(self, address: int, size: int) -> None:
        handle = c_uint64()
        self._ask("cuMemCreate", byref(handle), size, byref(self._properties), 0)
        self._ask("cuMemMap", address, size, 0, handle.value, 0)
        self._ask("cuMemSetAccess", address, size, byref(self._access), 1)

    def free_and_total(self) -> "tuple[int, int]":
        """Bytes of the device."""
        free, total = c_size_t(), c_size_t()
        self._ask("cuMemGetInfo_v2", byref(free), byref(total))
        return free.value, total.value

    def read(self, address: int, size: int) -> bytes:
        self._ask("cuCtxSynchronize")
        buffer = ctypes.create_string_buffer(size)
        self._ask("cuMemcpyDtoH_v2", buffer, address, size)
        return buffer.raw

    def zero(self, address: int, size: int) -> None:
        self._ask("cuCtxSynchronize")
        self._ask("cuMemsetD8_v2", address, 0, size)
        self._ask("cuCtxSynchronize")

    def write(self, address: int, data: bytes) -> None:
        self._ask("cuCtxSynchronize")
        self._ask("cuMemcpyHtoD_v2", address, data, len(data))

    def _reserve(self, address: int, size: int) -> None:
        got = c_uint64()
        self._ask("cuMemAddressReserve", byref(got), size, 0, address, 0)
        if got.value != address:
            raise MemoryFailure(f"the addresses from {address:#x} on are taken in this process")

    def is_asking(self) -> bool:
        """Whether this thread is in a call of ours: no recorder notes it."""
        return getattr(self._own, "is_asking", False)

    def _ask(self, name: str, *arguments: Any) -> None:
        self._own.is_asking = True
        try:
            code = getattr(self._cuda, name)(*arguments)
        finally:
            self._own.is_asking = False
        if code:
            raise MemoryFailure(f"{name} failed with {code}")
