"""libcuda through ctypes: the functions the judge uses, and errors with the driver's own names."""
import ctypes
import os
import random
from ctypes import byref, c_char_p, c_float, c_int, c_size_t, c_uint64, c_void_p
from typing import Any, Optional

from ..failures import DeviceFault, InfraFailure
from .driver_place import Hiding

LIBRARY = "libcuda.so.1"
SUCCESS = 0
OUT_OF_MEMORY = 2
NOT_READY = 600
# CUdevice_attribute
MULTIPROCESSORS, L2_BYTES, CC_MAJOR, CC_MINOR, SHARED_OPTIN_BYTES, MAX_GRID_X, VIRTUAL_MEMORY = 16, 38, 75, 76, 97, 5, 102
PERSISTING_L2_BYTES = 108
# CUfunction_attribute
FUNCTION_MAX_THREADS, FUNCTION_STATIC_SHARED, FUNCTION_LOCAL_BYTES, FUNCTION_MAX_DYNAMIC_SHARED, FUNCTION_NON_PORTABLE_CLUSTER = 0, 1, 3, 8, 14
# CUlimit
LIMIT_STACK, LIMIT_PRINTF_FIFO, LIMIT_MALLOC_HEAP, LIMIT_PERSISTING_L2 = 0, 1, 2, 6

# CUmemAllocationType, CUmemLocationType, CUmemAccess_flags
_PINNED, _ON_DEVICE, _READ_WRITE = 1, 1, 3
# CUmemAllocationHandleType; CUstreamWaitValue: the word is at least the value; CUstream_flags: it does not wait for the default stream.
_FILE_DESCRIPTOR, _AT_LEAST, _NON_BLOCKING = 1, 0, 1


class _Location(ctypes.Structure):
    _fields_ = [("kind", c_int), ("device", c_int)]


class _AllocationProperties(ctypes.Structure):
    _fields_ = [("kind", c_int), ("handles", c_int), ("location", _Location), ("win32", c_void_p), ("flags", ctypes.c_ubyte * 8)]


class _Access(ctypes.Structure):
    _fields_ = [("location", _Location), ("flags", c_int)]


class CudaError(Exception):
    def __init__(self, code: int, name: str, what: str) -> None:
        super().__init__(f"{what}: {name} ({code})")
        self.code, self.name = code, name


class Driver:
    """The driver with the primary context of one device current in this thread."""

    def __init__(self, ordinal: int) -> None:
        # One queue to the device, since one stream is used. With the driver's usual eight a context takes twice as long to make and three
        # times as long to end (bench/gpu/context-cost), while no other judge of the host can make one.
        os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "1")
        self.lib = lib = ctypes.CDLL(LIBRARY)
        # Without these ctypes would pass 64-bit addresses and sizes as 32-bit ints.
        lib.cuMemAddressReserve.argtypes = [c_void_p, c_size_t, c_size_t, c_uint64, c_uint64]
        lib.cuMemCreate.argtypes = [c_void_p, c_size_t, c_void_p, c_uint64]
        lib.cuMemRelease.argtypes = [c_uint64]
        lib.cuMemMap.argtypes = [c_uint64, c_size_t, c_size_t, c_uint64, c_uint64]
        lib.cuMemUnmap.argtypes = [c_uint64, c_size_t]
        lib.cuMemSetAccess.argtypes = [c_uint64, c_size_t, c_void_p, c_size_t]
        lib.cuMemsetD32Async.argtypes = [c_uint64, ctypes.c_uint, c_size_t, c_void_p]
        lib.cuMemsetD16Async.argtypes = [c_uint64, ctypes.c_ushort, c_size_t, c_void_p]
        lib.cuMemsetD8Async.argtypes = [c_uint64, ctypes.c_ubyte, c_size_t, c_void_p]
        lib.cuMemcpyDtoDAsync_v2.argtypes = [c_uint64, c_uint64, c_size_t, c_void_p]
        lib.cuMemcpyHtoDAsync_v2.argtypes = [c_uint64, c_void_p, c_size_t, c_void_p]
        lib.cuMemcpyDtoH_v2.argtypes = [c_void_p, c_uint64, c_size_t]
        lib.cuMemcpyDtoHAsync_v2.argtypes = [c_void_p, c_uint64, c_size_t, c_void_p]
        lib.cuMemExportToShareableHandle.argtypes = [c_void_p, c_uint64, c_int, c_uint64]
        # Drivers before CUDA 12 have it by its first name alone.
        self._wait_value, self._write_value = (_newest(lib, name) for name in ("cuStreamWaitValue32", "cuStreamWriteValue32"))
        self._record, self._wait, self._elapsed = lib.cuEventRecord, lib.cuEventSynchronize, lib.cuEventElapsedTime
        self._elapsed_ms = c_float()
        self._elapsed_to = byref(self._elapsed_ms)
        # Drivers before CUDA 12 have it not.
        self.launches_by_config = hasattr(lib, "cuLaunchKernelEx")
        self.device = self._begin(ordinal)
        self._keeps_lines: Optional[bool] = None
        location = _Location(_ON_DEVICE, self.device)
        self._properties, self._access = _AllocationProperties(kind=_PINNED, location=location), _Access(location, _READ_WRITE)

    def _begin(self, ordinal: int) -> int:
        hiding = Hiding()
        hiding.take(random.SystemRandom())
        try:
            return self._open(ordinal)
        except CudaError as error:
            if error.code != OUT_OF_MEMORY or not hiding.taken:
                raise
        # This driver needs addresses that were taken.
        hiding.end()
        return self._open(ordinal)

    def _open(self, ordinal: int) -> int:
        """The device, with its primary context current in this thread."""
        device, context = c_int(), c_void_p()
        calls = (
            ("cuInit", lambda: self.lib.cuInit(0)),
            (f"cuDeviceGet({ordinal})", lambda: self.lib.cuDeviceGet(byref(device), ordinal)),
            ("cuDevicePrimaryCtxRetain", lambda: self.lib.cuDevicePrimaryCtxRetain(byref(context), device)),
            ("cuCtxSetCurrent", lambda: self.lib.cuCtxSetCurrent(context)),
        )
        for what, call in calls:
            code = call()
            if code:
                raise CudaError(code, self.error_name(code), what)
        return device.value

    def check(self, code: int, what: str) -> None:
        """CudaError where only this call failed; DeviceFault where a kernel took the context with it."""
        if code:
            error = CudaError(code, self.error_name(code), what)
            if self.is_lost():
                raise DeviceFault(str(error), lost=True) from error
            raise error

    def error_name(self, code: int) -> str:
        name = c_char_p()
        self.lib.cuGetErrorName(code, byref(name))
        return name.value.decode() if name.value else f"CUDA error {code}"

    def synchronize(self) -> None:
        self.check(self.lib.cuCtxSynchronize(), "cuCtxSynchronize")

    def is_busy(self) -> bool:
        """Whether the default stream still works; does not wait."""
        return self.lib.cuStreamQuery(None) == NOT_READY

    def is_lost(self) -> bool:
        """Errors of a kernel stick to the context: then every call fails, this one too."""
        return self.lib.cuCtxSynchronize() != SUCCESS

    def attribute(self, which: int) -> int:
        value = c_int()
        self.check(self.lib.cuDeviceGetAttribute(byref(value), which, self.device), f"cuDeviceGetAttribute({which})")
        return value.value

    def name(self) -> str:
        buffer = ctypes.create_string_buffer(256)
        self.check(self.lib.cuDeviceGetName(buffer, 256, self.device), "cuDeviceGetName")
        return buffer.value.decode()

    def total_bytes(self) -> int:
        value = c_size_t()
        self.check(self.lib.cuDeviceTotalMem_v2(byref(value), self.device), "cuDeviceTotalMem")
        return value.value

    def memory_bytes(self) -> tuple[int, int]:
        """(free, total) of the device, whoever holds the rest."""
        free, total = c_size_t(), c_size_t()
        self.check(self.lib.cuMemGetInfo_v2(byref(free), byref(total)), "cuMemGetInfo")
        return free.value, total.value

    def set_limit(self, which: int, value: int) -> None:
        self.check(self.lib.cuCtxSetLimit(which, c_size_t(value)), f"cuCtxSetLimit({which})")

    def limit(self, which: int) -> int:
        value = c_size_t()
        self.check(self.lib.cuCtxGetLimit(byref(value), which), f"cuCtxGetLimit({which})")
        return value.value

    def reset_persisting_l2(self) -> None:
        """Lines that were to stay in the L2 are like all others again; below compute capability 8 there are none."""
        if self._keeps_lines is None:
            self._keeps_lines = self.attribute(PERSISTING_L2_BYTES) > 0
        if not self._keeps_lines:
            return
        self.check(self.lib.cuCtxResetPersistingL2Cache(), "cuCtxResetPersistingL2Cache")

    def page_bytes(self) -> int:
        """Mappings are made of whole pages of this size."""
        if not self.attribute(VIRTUAL_MEMORY):
            raise InfraFailure("device_lost", "this GPU's driver cannot map memory (no virtual memory management); use a GPU that is not a vGPU")
        size = c_size_t()
        self.check(self.lib.cuMemGetAllocationGranularity(byref(size), byref(self._properties), 0), "cuMemGetAllocationGranularity")
        return size.value

    def reserve_addresses(self, size: int) -> int:
        """Addresses alone, for nothing to be there yet."""
        pointer = c_uint64()
        self.check(self.lib.cuMemAddressReserve(byref(pointer), size, 0, 0, 0), f"cuMemAddressReserve({size})")
        return pointer.value

    def reserve_at(self, address: int, size: int) -> None:
        """These addresses. CudaError where they are not to be had."""
        pointer = c_uint64()
        self.check(self.lib.cuMemAddressReserve(byref(pointer), size, 0, address, 0), f"cuMemAddressReserve({size} at {address:#x})")
        if pointer.value != address:
            self.check(self.lib.cuMemAddressFree(pointer, c_size_t(size)), "cuMemAddressFree")
            raise CudaError(OUT_OF_MEMORY, "addresses that are taken", f"cuMemAddressReserve({size} at {address:#x})")

    def create_memory(self, size: int) -> int:
        """Physical memory without an address; a handle."""
        handle = c_uint64()
        self.check(self.lib.cuMemCreate(byref(handle), size, byref(self._properties), 0), f"cuMemCreate({size})")
        return handle.value

    def create_shareable(self, size: int) -> int:
        """As `create_memory`, of memory that another process may be given."""
        handle = c_uint64()
        properties = _AllocationProperties(kind=_PINNED, handles=_FILE_DESCRIPTOR, location=_Location(_ON_DEVICE, self.device))
        self.check(self.lib.cuMemCreate(byref(handle), size, byref(properties), 0), f"cuMemCreate({size}, shareable)")
        return handle.value

    def export_memory(self, handle: int) -> int:
        """A descriptor by which another process gets it; the caller closes it."""
        descriptor = c_int(-1)
        self.check(self.lib.cuMemExportToShareableHandle(byref(descriptor), handle, _FILE_DESCRIPTOR, 0), "cuMemExportToShareableHandle")
        return descriptor.value

    def write_word(self, word: int, value: int, stream: Optional[c_void_p] = None) -> int:
        """Queued, as a word of 32 bits; the driver's code."""
        return self._write_value(stream, word, value, 0)

    def wait_for_word(self, word: int, value: int) -> int:
        """Holds the stream until the word has come to the value; the driver's code."""
        return self._wait_value(None, word, value, _AT_LEAST)

    def stream(self) -> c_void_p:
        """Another one, which does not wait for the default stream."""
        stream = c_void_p()
        self.check(self.lib.cuStreamCreate(byref(stream), _NON_BLOCKING), "cuStreamCreate")
        return stream

    def upload_beside(self, to: int, source: int, size: int, stream: c_void_p) -> None:
        """From page-locked host memory, on another stream than the default one."""
        self.check(self.lib.cuMemcpyHtoDAsync_v2(to, source, size, stream), "cuMemcpyHtoDAsync")

    def release_memory(self, handle: int) -> None:
        self.check(self.lib.cuMemRelease(handle), "cuMemRelease")

    def map_memory(self, address: int, size: int, handle: int) -> None:
        self.check(self.lib.cuMemMap(address, size, 0, handle, 0), f"cuMemMap({size})")
        code = self.lib.cuMemSetAccess(address, size, byref(self._access), 1)
        if code:
            self.lib.cuMemUnmap(address, size)
        self.check(code, f"cuMemSetAccess({size})")

    def unmap_memory(self, address: int, size: int) -> None:
        self.check(self.lib.cuMemUnmap(address, size), f"cuMemUnmap({size})")

    def host_buffer(self, size: int) -> int:
        """Page-locked host memory: copies to it need no staging."""
        pointer = c_void_p()
        self.check(self.lib.cuMemHostAlloc(byref(pointer), c_size_t(size), 0), f"cuMemHostAlloc({size})")
        return pointer.value or 0

    def upload(self, to: int, data: bytes) -> None:
        """Queued; `data` has been read when it returns."""
        self.check(self.lib.cuMemcpyHtoDAsync_v2(to, data, len(data), None), "cuMemcpyHtoDAsync")

    def download(self, source: int, size: int) -> bytes:
        buffer = ctypes.create_string_buffer(size)
        self.check(self.lib.cuMemcpyDtoH_v2(buffer, source, size), "cuMemcpyDtoH")
        return buffer.raw

    def fetch(self, to: int, source: int, size: int) -> None:
        """To page-locked host memory, queued: there once an event behind it has come."""
        self.check(self.lib.cuMemcpyDtoHAsync_v2(to, source, size, None), "cuMemcpyDtoHAsync")

    def copy(self, to: int, source: int, size: int) -> None:
        self.check(self.lib.cuMemcpyDtoDAsync_v2(to, source, size, None), "cuMemcpyDtoDAsync")

    def fill(self, to: int, pattern: int, size: int) -> int:
        """`size` bytes of the 32-bit pattern; asynchronous. How many kernels the driver launches for it."""
        words, rest = divmod(size, 4)
        if words:
            self.check(self.lib.cuMemsetD32Async(to, pattern, words, None), "cuMemsetD32Async")
        if rest >= 2:
            self.check(self.lib.cuMemsetD16Async(to + 4 * words, pattern & 0xFFFF, 1, None), "cuMemsetD16Async")
        if rest % 2:
            self.check(self.lib.cuMemsetD8Async(to + size - 1, pattern & 0xFF, 1, None), "cuMemsetD8Async")
        return (words > 0) + (rest >= 2) + rest % 2

    def event(self) -> c_void_p:
        event = c_void_p()
        self.check(self.lib.cuEventCreate(byref(event), 0), "cuEventCreate")
        return event

    # Of each run that is timed: no more is done than has to be.

    def record(self, event: c_void_p) -> None:
        code = self._record(event, None)
        if code:
            self.check(code, "cuEventRecord")

    def wait(self, event: c_void_p) -> None:
        code = self._wait(event)
        if code:
            self.check(code, "cuEventSynchronize")

    def has_come(self, event: c_void_p) -> bool:
        """Without waiting."""
        code = self.lib.cuEventQuery(event)
        if code == NOT_READY:
            return False
        self.check(code, "cuEventQuery")
        return True

    def elapsed_ns(self, start: c_void_p, end: c_void_p) -> float:
        """Waits for the end, where it has not come yet."""
        code = self._elapsed(self._elapsed_to, start, end)
        if code == NOT_READY:
            self.wait(end)
            code = self._elapsed(self._elapsed_to, start, end)
        if code:
            self.check(code, "cuEventElapsedTime")
        return self._elapsed_ms.value * 1e6

    def load_module(self, image: bytes) -> c_void_p:
        module = c_void_p()
        self.check(self.lib.cuModuleLoadData(byref(module), image), "cuModuleLoadData")
        return module

    def variable(self, module: c_void_p, name: str) -> Optional[tuple[int, int]]:
        """(address, bytes) of a variable in constant or global memory; None where the module offers none of this name."""
        pointer, size = c_uint64(), c_size_t()
        code = self.lib.cuModuleGetGlobal_v2(byref(pointer), byref(size), module, name.encode())
        return None if code else (pointer.value, size.value)

    def unload_module(self, module: c_void_p) -> None:
        self.check(self.lib.cuModuleUnload(module), "cuModuleUnload")


def _newest(lib: ctypes.CDLL, name: str) -> Any:
    """Of the operations on words of memory."""
    function = getattr(lib, f"{name}_v2", None) or getattr(lib, name)
    function.argtypes = [c_void_p, c_uint64, ctypes.c_uint, ctypes.c_uint]
    return function
