"""Where the buffers of a case lie in a device's memory. Pure."""
from collections.abc import Iterable
from typing import Literal, NamedTuple

# Bytes of scratch buffers: side -> name -> bytes.
Scratch = dict[str, dict[str, int]]
Side = Literal["before", "after"]
ALIGNMENT_BYTES = 256
REPLICAS_MAX = 16


class Placement(NamedTuple):
    offset: int
    bytes: int


class Room(NamedTuple):
    """A buffer at the end of a mapping of its own: `mapped` bytes, of which it takes `bytes` from `offset` on."""

    mapped: int
    offset: int
    bytes: int


class Guard(NamedTuple):
    buffer: str
    side: Side
    offset: int
    bytes: int


def align(offset: int) -> int:
    return -(-offset // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def place(buffers: Iterable[tuple[str, int]], start: int, guard_bytes: int) -> tuple[dict[str, Placement], int]:
    """Buffers one after another from `start`, each with guards around it (0: none). Returns them and the first free offset."""
    placements: dict[str, Placement] = {}
    at = start
    for name, size in buffers:
        offset = align(at + guard_bytes)
        placements[name] = Placement(offset, size)
        at = align(offset + size + guard_bytes)
    return placements, at


def room(size: int, page: int) -> Room:
    """As near to the end of its mapping as its alignment allows: less than that lies between the buffer and what is not mapped."""
    mapped = max(1, -(-size // page)) * page
    return Room(mapped, (mapped - size) // ALIGNMENT_BYTES * ALIGNMENT_BYTES, size)


def guards_in(name: str, room: Room) -> list[Guard]:
    """All of a mapping that is not the buffer; offsets within the mapping. A side without a byte has none: there the mapping ends."""
    end = room.offset + room.bytes
    sides = [Guard(name, "before", 0, room.offset), Guard(name, "after", end, room.mapped - end)]
    return [guard for guard in sides if guard.bytes]


def distance(guard: Guard, first: int, last: int) -> int:
    """Bytes between the buffer's edge and the damaged byte nearest to it; `first` and `last` are offsets in the guard."""
    return first if guard.side == "after" else guard.bytes - 1 - last


def buffer_name(guard_buffer: str) -> str:
    """"a" of "3/a" (the third replica's), "candidate.tmp" -> "tmp"."""
    return guard_buffer.rsplit("/", 1)[-1].rsplit(".", 1)[-1]
