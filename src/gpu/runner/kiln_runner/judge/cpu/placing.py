"""Where buffers lie in a memory that a child maps: each at the end of pages of its own, with pages on both sides that the child cannot reach.

A read or write beyond those pages faults. What lies between a buffer and the edge of its pages is guarded by a pattern, as on a GPU.
"""
import mmap
from collections.abc import Iterable
from typing import NamedTuple, Optional

from ..layout import Guard, Placement, Room, Side, guards_in, room

# On each side of a buffer's pages. It costs no memory, only addresses.
OUT_OF_REACH_BYTES = 1024 * 1024


class Fence(NamedTuple):
    """Buffers of one memory: where they are, which pages around them a child may reach, and the first offset behind all."""

    placements: dict[str, Placement]
    pages: list[tuple[int, int]]
    rooms: dict[str, tuple[int, Room]]
    end: int

    def guards(self) -> list[Guard]:
        return [
            guard._replace(offset=start + guard.offset)
            for name, (start, taken) in self.rooms.items()
            for guard in guards_in(name, taken)
        ]

    def beside(self, offset: int) -> Optional[tuple[str, Side, int]]:
        """(buffer, side, bytes from its edge) of the buffer that a fault at `offset` is nearest to; None where it is near to none."""
        near: list[tuple[int, str, Side]] = [(far, name, side) for name, place in self.placements.items() for side, far in [_distance(place, offset)]]
        if not near:
            return None
        far, name, side = min(near)
        return (name, side, far) if far < OUT_OF_REACH_BYTES else None


def fence(buffers: Iterable[tuple[str, int]]) -> Fence:
    placements: dict[str, Placement] = {}
    pages: list[tuple[int, int]] = []
    rooms: dict[str, tuple[int, Room]] = {}
    at = OUT_OF_REACH_BYTES
    for name, size in buffers:
        taken = room(size, mmap.PAGESIZE)
        rooms[name], placements[name] = (at, taken), Placement(at + taken.offset, size)
        pages.append((at, taken.mapped))
        at += taken.mapped + OUT_OF_REACH_BYTES
    return Fence(placements, pages, rooms, at)


def _distance(place: Placement, offset: int) -> tuple[Side, int]:
    if offset < place.offset:
        return "before", place.offset - 1 - offset
    return "after", max(0, offset - place.offset - place.bytes)
