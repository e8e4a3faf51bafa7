"""Memory of the judge's that a companion sees too: the inputs of all its cases, and an arena for everything else, with the words GO and DONE in its
last page. Nothing else of the judge's memory is in that process's reach.
"""
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

from kiln_runner.programs.answer_messages import Begin, Window
from kiln_runner.programs.answer_task import DONE_BYTES, GO_BYTES
from kiln_runner.programs.arena import Block as Room
from kiln_runner.programs.arena import tensor_rooms
from kiln_runner.programs.device_memory import shortage
from kiln_runner.programs.recording_shape import INPUTS_BASE
from kiln_runner.protocol_programs import RecordedCase

from ..failures import InfraFailure
from .driver import CudaError, Driver
from .memory import Block, Memory, pages

ARENA_BYTES_MAX = 16 * 1024**3
# Of what is free when it is asked for.
ARENA_SHARE_MAX = 1 / 4


class Range(NamedTuple):
    """Bytes of a tensor: where the companion has it, and where the judge has the same memory."""

    theirs: int
    ours: int
    bytes: int


class Lent:
    """`arena`: where the companion's own begins. InfraFailure where the device has no room."""

    def __init__(self, driver: Driver, memory: Memory, cases: Sequence[RecordedCase], arena: int, arena_bytes: Optional[int] = None) -> None:
        self._driver, self._memory, self._blocks = driver, memory, list[Block]()
        page = memory.page
        rooms = tensor_rooms(cases, page)
        inputs_bytes = pages(max(room.mapped_at + room.mapped for blocks in rooms for room in blocks) - INPUTS_BASE, page)
        free, total = driver.memory_bytes()
        wanted = arena_bytes or min(ARENA_BYTES_MAX, int(free * ARENA_SHARE_MAX))
        # What the device lacked of what a program may expect; empty where it had room.
        self.shortage = shortage(free, total)
        self.inputs, self.arena = Window(INPUTS_BASE, inputs_bytes), Window(arena, max(2, wanted // page) * page)
        try:
            self._blocks = [self._make(window.bytes) for window in (self.inputs, self.arena)]
        except CudaError as error:
            self.close()
            words = f"the device has no {inputs_bytes + self.arena.bytes} bytes for a program that answers: {error}"
            raise InfraFailure("out_of_memory", words) from error
        self._inputs_at, self._arena_at = (block.pieces[0].address for block in self._blocks)
        self._words = self.arena.bytes - page
        # What the driver has here may hold what was another candidate's, or the judge's own.
        for at, window in ((self._inputs_at, self.inputs), (self._arena_at, self.arena)):
            driver.fill(at, 0, window.bytes)
        self._rooms: dict[str, dict[str, Room]] = {
            case["name"]: {tensor["name"]: room for tensor, room in zip(case["tensors"], blocks)} for case, blocks in zip(cases, rooms)
        }

    def _make(self, size: int) -> Block:
        handle = self._driver.create_shareable(size)
        try:
            return self._memory.show(size, handle)
        except CudaError:
            self._driver.release_memory(handle)
            raise

    @property
    def go(self) -> int:
        return self._arena_at + self._words + GO_BYTES

    @property
    def done(self) -> int:
        return self._arena_at + self._words + DONE_BYTES

    @property
    def words(self) -> "tuple[int, int]":
        """Address and bytes of the page of the words, in which nothing else is."""
        return self._arena_at + self._words, self.arena.bytes - self._words

    @property
    def begin(self) -> Begin:
        return Begin(self.inputs, self.arena, self.arena.address + self._words)

    def exported(self) -> "list[int]":
        """Descriptors of the inputs' and the arena's memory; the caller closes them."""
        found: list[int] = []
        try:
            for block in self._blocks:
                found.append(self._driver.export_memory(block.pieces[0].handle))
        except CudaError as error:
            for descriptor in found:
                os.close(descriptor)
            raise InfraFailure("environment_missing", f"memory cannot be handed to a program's process here: {error}") from error
        return found

    def given(self, case: str) -> Mapping[str, Range]:
        """By tensor, where the companion was given them. InfraFailure for a case that its program was not made ready for."""
        if case not in self._rooms:
            raise InfraFailure("unknown_artifact", f"the program was not made ready for the case {case}")
        return {name: Range(room.address, self._inputs_at + room.address - INPUTS_BASE, room.bytes) for name, room in self._rooms[case].items()}

    def found(self, case: str, address: int, size: int) -> Optional[Range]:
        """Bytes that the companion says something is in. None: they lie neither in its arena nor wholly in a tensor that it was given."""
        start, end = self.arena.address, self.arena.address + self._words
        if start <= address and address + size <= end:
            return Range(address, self._arena_at + address - start, size)
        for room in self._rooms[case].values():
            if room.address <= address and address + size <= room.address + room.bytes:
                return Range(address, self._inputs_at + address - INPUTS_BASE, size)
        return None

    def close(self) -> None:
        """Nothing that was queued may still use it, and the companion is gone."""
        blocks, self._blocks = self._blocks, []
        for block in blocks:
            self._memory.hide(block)
