"""Memory that the judge made, in the process of a program that answers: imported and mapped once, at addresses of its own. What the program is given
afterwards lies in it.

And the two words by which the program's stream is held until the judge releases it, and by which the judge learns that it is done.
"""
import ctypes
from collections.abc import Sequence
from ctypes import byref, c_size_t, c_ubyte, c_uint, c_uint64, c_void_p
from typing import Any, NamedTuple, Protocol

from kiln_runner.programs.device_memory import CudaMemory, DeviceMemory, MemoryFailure
from kiln_runner.programs.recording_shape import WINDOW_BYTES_MAX

_FILE_DESCRIPTOR = 1
# CUstreamWaitValue: the word is at least the value. CUresult: the stream still works.
_AT_LEAST, _NOT_READY = 0, 600


class Share(NamedTuple):
    """`descriptor`: of the memory, as the judge's driver exported it."""

    descriptor: int
    address: int
    bytes: int


class Released(DeviceMemory, Protocol):
    """Memory with a stream that waits for words in it."""

    def wait_for(self, word: int, value: int) -> None:
        """Holds what is queued from here on until the word at this address has come to the value."""
        ...

    def say(self, word: int, value: int) -> None:
        """Queued: writes the word."""
        ...

    def fault(self) -> str:
        """What is wrong with what was queued; empty where nothing is, as far as can be told without waiting."""
        ...


class SharedMemory(CudaMemory):
    """A DeviceMemory of which nothing is made: `map` only looks whether it lies in what was shared."""

    def __init__(self, shares: Sequence[Share], cuda: Any = None) -> None:
        # Whole windows, as a recorder has them: small reservations did not get the addresses that they asked for (seen on an H200).
        windows = {share.address - share.address % WINDOW_BYTES_MAX for share in shares}
        super().__init__([(window, WINDOW_BYTES_MAX) for window in sorted(windows)], cuda)
        cuda = self._cuda
        cuda.cuMemImportFromShareableHandle.argtypes = [c_void_p, c_void_p, ctypes.c_int]
        cuda.cuStreamWaitValue32_v2.argtypes = cuda.cuStreamWriteValue32_v2.argtypes = [c_void_p, c_uint64, c_uint, c_uint]
        cuda.cuMemsetD8Async.argtypes = [c_uint64, c_ubyte, c_size_t, c_void_p]
        cuda.cuStreamQuery.argtypes = [c_void_p]
        self._shares = list(shares)
        for share in shares:
            handle = c_uint64()
            self._ask("cuMemImportFromShareableHandle", byref(handle), share.descriptor, _FILE_DESCRIPTOR)
            self._ask("cuMemMap", share.address, share.bytes, 0, handle.value, 0)
            self._ask("cuMemSetAccess", share.address, share.bytes, byref(self._access), 1)

    def map(self, address: int, size: int) -> None:
        if not any(share.address <= address and address + size <= share.address + share.bytes for share in self._shares):
            raise MemoryFailure("the memory that the judge has for programs that answer is used up")

    def zero(self, address: int, size: int) -> None:
        """Queued: what the stream waits for may be released only when this returns."""
        self._ask("cuMemsetD8Async", address, 0, size, None)

    def wait_for(self, word: int, value: int) -> None:
        self._ask("cuStreamWaitValue32_v2", None, word, value, _AT_LEAST)

    def say(self, word: int, value: int) -> None:
        self._ask("cuStreamWriteValue32_v2", None, word, value, 0)

    def fault(self) -> str:
        code = self._cuda.cuStreamQuery(None)
        return "" if code in (0, _NOT_READY) else f"CUDA error {code} in what it launched"
