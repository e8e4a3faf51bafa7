"""The device's memory as the judge uses it: every buffer has a mapping of its own, unmapped pages around it, and an address that was drawn.

What a kernel reads or writes beyond a mapping faults, and a kernel that knows one address knows no other. Physical memory is kept when its
mapping goes: making some takes longer than mapping it (bench/gpu/memory-cost). Whoever maps again under the same name gets its own back where it is
still kept: a transpose takes some percent more or less time with where its buffers lie physically. Kernels that run are not waited for: who
frees, has seen to that.
"""
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from kiln_runner.programs.recording_shape import WINDOWS

from ..failures import InfraFailure
from .addresses import Addresses, Region
from .driver import OUT_OF_MEMORY, CudaError, Driver

# Reserved, not used: of the addresses that a process has. Less where it may not have so many.
RESERVED_BYTES = [1 << bits for bits in (46, 44, 42, 40, 38)]
# Physical memory without a mapping that is kept, of the device's.
KEPT_SHARE_MAX = 1 / 16
# A judge that waits holds no more of the device's memory than this, and none that would leave less than this free.
PARKED_SHARE_MAX = 1 / 32
FREE_SHARE_LEAST = 1 / 2


class Piece(NamedTuple):
    address: int
    bytes: int
    handle: int
    # Who is to get this physical memory back.
    owner: str


class Block(NamedTuple):
    """Mappings that were made together and are freed together."""

    region: Region
    pieces: list[Piece]

    @property
    def bytes(self) -> int:
        return sum(piece.bytes for piece in self.pieces)


class Kept(NamedTuple):
    handle: int
    owner: str


class Memory:
    def __init__(self, driver: Driver) -> None:
        self._driver, self.page = driver, driver.page_bytes()
        base, size = self._reserve()
        self._reserved = (base, base + size)
        is_small = 2 * (WINDOWS[1] - WINDOWS[0]) > size
        self._addresses = Addresses(base, size, self.page, random.SystemRandom(), (0, 0) if is_small else WINDOWS)
        self._kept: dict[int, list[Kept]] = defaultdict(list)
        self._kept_bytes, self._kept_max = 0, int(driver.total_bytes() * KEPT_SHARE_MAX)

    def _reserve(self) -> tuple[int, int]:
        for size in RESERVED_BYTES:
            try:
                return self._driver.reserve_addresses(size), size
            except CudaError as error:
                if error.code != OUT_OF_MEMORY:
                    raise
        raise InfraFailure("device_lost", f"this process may not reserve {RESERVED_BYTES[-1]} bytes of addresses; lift its limit (ulimit -v)")

    def covers(self, address: int, size: int) -> bool:
        """Whether these addresses are among those that are reserved."""
        return self._reserved[0] <= address and address + size <= self._reserved[1]

    def map(self, sizes: Sequence[int], owner: str = "") -> Block:
        """A mapping for each, rounded up to whole pages. CudaError where the device has no room."""
        whole = [pages(size, self.page) for size in sizes]
        region = self._addresses.draw(whole)
        pieces: list[Piece] = []
        try:
            for number, (address, size) in enumerate(zip(region.places, whole)):
                pieces.append(self._put(address, size, f"{owner}#{number}"))
        except CudaError:
            self.free(Block(region, pieces))
            raise
        return Block(region, pieces)

    def free(self, block: Block) -> None:
        """Nothing that was queued may still use it."""
        for piece in block.pieces:
            self._driver.unmap_memory(piece.address, piece.bytes)
            self._keep(piece)
        self._addresses.give_back(block.region)

    def show(self, size: int, handle: int) -> Block:
        """Maps memory that somebody else made, whole pages of it, where nobody finds it. CudaError."""
        region = self._addresses.draw([size])
        try:
            self._driver.map_memory(region.places[0], size, handle)
        except CudaError:
            self._addresses.give_back(region)
            raise
        return Block(region, [Piece(region.places[0], size, handle, "")])

    def hide(self, block: Block) -> None:
        """What `show` mapped; its memory is nobody's here from now on. Nothing that was queued may still use it."""
        for piece in block.pieces:
            self._driver.unmap_memory(piece.address, piece.bytes)
            self._driver.release_memory(piece.handle)
        self._addresses.give_back(block.region)

    def allocate(self, size: int) -> int:
        """The address of a mapping that stays for as long as the process."""
        return self.map([size]).pieces[0].address

    def stock(self, sizes: Sequence[int]) -> bool:
        """Gets physical memory for these ahead of time; False where that would take it from the judge that works."""
        whole = [pages(size, self.page) for size in sizes]
        free, total = self._driver.memory_bytes()
        if sum(whole) > total * PARKED_SHARE_MAX or free - sum(whole) < total * FREE_SHARE_LEAST:
            return False
        for piece in [Piece(0, size, self._physical(size, ""), "") for size in whole]:
            self._keep(piece)
        return True

    def trim(self) -> None:
        """Gives all that is kept back to the device."""
        for kept in self._kept.values():
            for handle, _ in kept:
                self._driver.release_memory(handle)
        self._kept.clear()
        self._kept_bytes = 0

    def _put(self, address: int, size: int, owner: str) -> Piece:
        piece = Piece(address, size, self._physical(size, owner), owner)
        try:
            self._driver.map_memory(address, size, piece.handle)
        except CudaError:
            self._keep(piece)
            raise
        return piece

    def _physical(self, size: int, owner: str) -> int:
        kept = self._kept[size]
        if kept:
            self._kept_bytes -= size
            # Its own; otherwise what was kept for longest, whose owner is the least likely to come back.
            return kept.pop(next((n for n, one in enumerate(kept) if one.owner == owner), 0)).handle
        try:
            return self._driver.create_memory(size)
        except CudaError as error:
            if error.code != OUT_OF_MEMORY or not self._kept_bytes:
                raise
        self.trim()
        return self._driver.create_memory(size)

    def _keep(self, piece: Piece) -> None:
        if self._kept_bytes + piece.bytes > self._kept_max:
            self._driver.release_memory(piece.handle)
            return
        self._kept[piece.bytes].append(Kept(piece.handle, piece.owner))
        self._kept_bytes += piece.bytes


def pages(size: int, page: int) -> int:
    return max(1, -(-size // page)) * page
