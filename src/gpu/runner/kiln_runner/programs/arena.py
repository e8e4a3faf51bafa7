"""Gives a program its memory, at addresses that the judge can map again: every allocation lies at the end of a mapping of its own, as the judge's
buffers do (judge/layout.py), so that a tensor of the judge's can stand where the program's stood.

The addresses of a case's tensors follow from the cases alone; all others from the arena's first address and the order in which they were asked for.
"""
import math
import threading
from collections.abc import Sequence
from typing import NamedTuple, Optional

from kiln_runner.judge.layout import Room, room
from kiln_runner.judge.tensors import DTYPE_BYTES
from kiln_runner.programs.device_memory import DeviceMemory, MemoryFailure
from kiln_runner.programs.recording_shape import INPUTS_BASE, MEMORY_BYTES_MAX, WINDOW_BYTES_MAX
from kiln_runner.protocol_programs import RecordedCase

# Between two mappings: what runs off the end of one faults.
GAP_PAGES = 1


class Block(NamedTuple):
    """`address`: of its first byte; `mapped_at`: of the mapping that it lies in."""

    address: int
    bytes: int
    mapped_at: int
    mapped: int


def tensor_rooms(cases: Sequence[RecordedCase], page: int) -> list[list[Block]]:
    """Of each case's tensors, in order. All have places of their own in the window of inputs."""
    at, found = INPUTS_BASE, list[list[Block]]()
    for case in cases:
        blocks: list[Block] = []
        for tensor in case["tensors"]:
            place = room(math.prod(tensor["shape"]) * DTYPE_BYTES[tensor["dtype"]], page)
            blocks.append(_block(at, place))
            at += place.mapped + GAP_PAGES * page
        found.append(blocks)
    return found


def _block(at: int, place: Room) -> Block:
    return Block(at + place.offset, place.bytes, at, place.mapped)


class Arena:
    """States of a block: live -> kept (freed; whoever asks for as many bytes next gets it) -> live. Nothing is ever unmapped: what was queued may
    still use it, as in a stream's own order."""

    def __init__(self, memory: DeviceMemory, base: int, bytes_max: int = MEMORY_BYTES_MAX) -> None:
        self._memory, self._at, self._left, self._bytes_max = memory, base, bytes_max, bytes_max
        self._end = base - base % WINDOW_BYTES_MAX + WINDOW_BYTES_MAX
        self._live: dict[int, Block] = {}
        self._kept: dict[int, list[Block]] = {}
        # And the thread whose allocation it will be: a program may have others by then.
        self._placed: Optional[tuple[int, Block]] = None
        # A thread that maps lets others go on. What is collected meanwhile is freed by this one.
        self._lock = threading.RLock()
        # Since `watch`.
        self._used: dict[int, Block] = {}
        # Why an allocation was refused; and whether it was the device that had no room.
        self.refusal, self.is_device_full = "", False

    def place_next(self, block: Block) -> None:
        """The next allocation of this thread is this one: a tensor of the case, which is mapped already."""
        self._placed = (threading.get_ident(), block)

    def allocate(self, size: int) -> int:
        """0 where it is refused; `refusal` says why."""
        with self._lock:
            return self._allocate(size)

    def _allocate(self, size: int) -> int:
        if self._placed is not None and self._placed[0] == threading.get_ident():
            (_, placed), self._placed = self._placed, None
            return placed.address
        kept = self._kept.get(size)
        try:
            block = kept.pop() if kept else self._map(size)
        except MemoryFailure as error:
            self.refusal = f"{size} bytes of the GPU's memory: {error}"
            return 0
        self._live[block.address] = self._used[block.address] = block
        return block.address

    def free(self, address: int) -> None:
        """Of a case's tensor it changes nothing."""
        with self._lock:
            block = self._live.pop(address, None)
            if block is not None:
                self._kept.setdefault(block.bytes, []).append(block)

    def watch(self) -> list[Block]:
        """From now on `used` tells what was given. Returns what lives now."""
        self._used = {}
        return list(self._live.values())

    def used(self) -> list[Block]:
        return list(self._used.values())

    def _map(self, size: int) -> Block:
        place = room(size, self._memory.page)
        if place.mapped > self._left:
            raise MemoryFailure(f"a program has at most {self._bytes_max} bytes")
        block = _block(self._at, place)
        if block.mapped_at + block.mapped > self._end:
            raise MemoryFailure("the addresses of its arena are used up")
        try:
            self._memory.map(block.mapped_at, block.mapped)
        except MemoryFailure:
            self.is_device_full = True
            raise
        self._memory.zero(block.mapped_at, block.mapped)
        self._left -= place.mapped
        self._at += place.mapped + GAP_PAGES * self._memory.page
        return block
