"""Memory that a child process can be given: an anonymous file, mapped here as well.

Only as much of the mapping as was required is there: a candidate that writes on and on faults, instead of filling the host's memory.
"""
import ctypes
import mmap
import os

from ..failures import InfraFailure

VISIBLE_BYTES_MAX = 4 * 1024**3
PRIVATE_BYTES_MAX = 4 * 1024**3


class Memory:
    def __init__(self, name: str, size: int) -> None:
        self.fd, self.size = os.memfd_create(f"kiln-{name}", os.MFD_CLOEXEC), size
        os.ftruncate(self.fd, size)
        self._map = mmap.mmap(self.fd, size)
        os.ftruncate(self.fd, 0)
        self._there = 0
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(self._map))

    def require(self, size: int) -> None:
        if size <= self._there:
            return
        if size > self.size:
            raise InfraFailure("out_of_memory", f"the buffers of this case take {size} bytes; the cpu device has {self.size}")
        os.ftruncate(self.fd, size)
        self._there = size

    def bytes_at(self, offset: int, size: int) -> bytes:
        return self._map[offset : offset + size]
