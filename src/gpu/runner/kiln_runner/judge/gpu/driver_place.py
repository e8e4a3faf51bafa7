"""Where the driver keeps its own memory that kernels can reach: at addresses that nobody knows beforehand.

Commands that are queued, with the arguments of their launches, and the stamps of events lie in host memory that every kernel of the context
can read and write. The driver puts it at the first multiple of 4 GiB from 8 GiB on where nothing is yet: always at the same addresses, so that a
kernel could look up what comes behind it, or move the start of its own run. So a drawn number of these places, the first one always, is taken
before the driver starts. There are few, but who tries a wrong one faults.
"""
import ctypes
import random
from ctypes import c_int, c_long, c_size_t, c_void_p

FIRST, STEP = 8 << 30, 4 << 30
# The driver looks no further than 1 TiB; some places are left for what it makes later.
PLACES = 232
_NO_ACCESS, _PRIVATE, _ANONYMOUS, _NO_RESERVE, _FIXED_IF_FREE = 0, 0x02, 0x20, 0x4000, 0x100000


class Hiding:
    """`take` before cuInit, once a process. Nothing is ever there but addresses; `end` where a driver does not look so far."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._library.mmap.argtypes, self._library.mmap.restype = [c_void_p, c_size_t, c_int, c_int, c_int, c_long], c_void_p
        self._library.munmap.argtypes = [c_void_p, c_size_t]
        self.taken: list[int] = []

    def take(self, rng: random.Random) -> None:
        places = [FIRST + STEP * number for number in range(rng.randrange(1, PLACES))]
        self.taken = [address for address in places if self._is_taken(address)]

    def end(self) -> None:
        for address in self.taken:
            self._library.munmap(address, STEP)
        self.taken = []

    def _is_taken(self, address: int) -> bool:
        """False where something is there already, or where this process may not have so many addresses: then it stays as it is."""
        flags = _PRIVATE | _ANONYMOUS | _NO_RESERVE | _FIXED_IF_FREE
        got = self._library.mmap(address, STEP, _NO_ACCESS, flags, -1, 0)
        if got == address:
            return True
        # A system that does not know the flag takes the address for a wish. -1: nothing was given.
        if got not in (None, c_void_p(-1).value):
            self._library.munmap(got, STEP)
        return False
