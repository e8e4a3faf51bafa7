"""Records one program: for every case a warm-up call, a call that shows what memory it uses, and the one that counts.

Runs in the program's own process, beside its code: nothing of what comes out is trusted. What it draws for inputs is drawn anew by the judge.
"""
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, Optional

from kiln_runner.programs.arena import Arena, Block, tensor_rooms
from kiln_runner.programs.calling import Call, Given, Placed, callable_of, derived_of, is_rule, outputs_of
from kiln_runner.programs.device_memory import DeviceMemory
from kiln_runner.programs.framework import Framework
from kiln_runner.programs.opening import InCase
from kiln_runner.programs.recorder import NotRecordable, Range, Recorder
from kiln_runner.protocol_programs import ModelCall, RecordedCase, RecordedTensor

# Looked at on the host. What of it a result depends on is bounded by what a recording holds.
KEPT_BYTES_MAX = 4 * 1024 ** 3
LAID_OUT_NOTE = "its result was laid out in rows within the call, since it was not contiguous"
RESTS_ON_CALLS = "its result rests on inputs of an earlier call, of which it keeps something; what is kept between calls may follow from no input"
COPIES_NOTE = "its result was copied into the output, since it is part of something larger"


class Tools(NamedTuple):
    """`is_rehearsal`: whether something of the program's does nothing yet, so that its calls count for nothing. `shortage`: what the device lacked
    before anything of the program ran; empty where it had room."""

    recorder: Recorder
    arena: Arena
    memory: DeviceMemory
    framework: Framework
    is_rehearsal: Callable[[], bool] = lambda: False
    shortage: str = ""


class Recorded(NamedTuple):
    texts: dict[str, bytes]
    blobs: dict[str, bytes]


class Called(NamedTuple):
    """What is called, how, and on what."""

    symbol: Callable[..., Any]
    style: str
    cases: Sequence[RecordedCase]
    model: Optional[ModelCall] = None
    # The same symbol of a program that is loaded anew, and has seen nothing yet.
    anew: Optional[Callable[[], Callable[..., Any]]] = None


def record_cases(called: Called, tools: Tools) -> Recorded:
    """InCase where a case cannot be recorded or raises. In a rehearsal every case is called, and nothing recorded."""
    rooms = tensor_rooms(called.cases, tools.memory.page)
    call = callable_of(called.symbol, called.style, called.model, tools.framework)
    # Two recordings of one program are made on other inputs: where they differ, it steers by values.
    tools.framework.unseed()
    texts, blobs, recorded = dict[str, bytes](), dict[str, bytes](), list[_Case]()
    for case, blocks in zip(called.cases, rooms):
        try:
            one = _Case(case, blocks, call, tools)
            one.warm_up()
            if tools.is_rehearsal():
                continue
            text, found = one.record()
        except Exception as error:
            if tools.is_rehearsal():
                continue
            raise InCase(case["name"], error) from error
        texts[case["name"]] = text
        blobs.update(found)
        recorded.append(one)
    if called.anew:
        _refuse_rest_of_calls(recorded, called, called.anew, tools)
    return Recorded(texts, blobs)


def _refuse_rest_of_calls(cases: "list[_Case]", called: Called, anew: Callable[[], Callable[..., Any]], tools: Tools) -> None:
    """Of programs whose results nobody compares with those of another recording: nothing of an earlier call's inputs may be in them."""
    for case in (case for case in cases if _read_by_nobody(case.tensors)):
        try:
            rests = case.rests_on_calls(callable_of(anew(), called.style, called.model, tools.framework))
        except Exception:
            # One that cannot be loaded or called twice in one process, for want of memory say, is not compared.
            return
        if rests:
            raise InCase(case.name, NotRecordable(RESTS_ON_CALLS))


class _Case:
    def __init__(self, case: RecordedCase, blocks: list[Block], call: Call, tools: Tools) -> None:
        self._case, self._blocks, self._call, self._tools = case, blocks, call, tools
        self.name, self.tensors = case["name"], case["tensors"]
        self._given = [self._make(spec, block) for spec, block in zip(case["tensors"], blocks)]
        # What was there before it was left out.
        self._blanked: list[tuple[Block, bytes]] = []

    def _make(self, spec: Any, block: Block) -> Given:
        tools = self._tools
        tools.memory.map(block.mapped_at, block.mapped)
        tools.arena.place_next(block)
        return Given(spec, tools.framework.make(block, spec["dtype"], spec["shape"]))

    def warm_up(self) -> None:
        self._tools.recorder.refuses_downloads = _read_by_nobody(self.tensors)
        self._draw()
        self._outputs()

    def _outputs(self) -> list[Placed]:
        """Of one call. A framework may hand out an allocation that was refused as if it were one: whatever comes of it, that is what was wrong."""
        tools = self._tools
        try:
            returned = self._call(self._case, self._given)
        except Exception as error:
            if tools.arena.refusal:
                raise MemoryError(f"CUDA out of memory: {tools.arena.refusal}") from error
            raise
        if tools.arena.refusal:
            raise MemoryError(f"CUDA out of memory: {tools.arena.refusal}")
        return outputs_of(returned, self._given, tools.framework)

    def record(self) -> "tuple[bytes, dict[str, bytes]]":
        try:
            return self._record()
        finally:
            # Another case may need it.
            for block, data in self._blanked:
                self._tools.memory.write(block.address, data)

    def _record(self) -> "tuple[bytes, dict[str, bytes]]":
        # Which of what it keeps between calls it looks at.
        kept, outputs, _ = self._watched()
        if self._takes_for_its_own(outputs):
            kept, _, _ = self._watched()
        touched = _touched(self._tools.recorder.words(), kept, self._tools.memory)
        self._blank([block for block in touched if block.bytes >= _WORKSPACE_BYTES_LEAST])
        if sum(block.bytes for block in touched) > KEPT_BYTES_MAX:
            raise NotRecordable(f"what it keeps between calls has more than {KEPT_BYTES_MAX} bytes")
        before = {block: self._tools.memory.read(block.address, block.bytes) for block in touched}
        _, outputs, used = self._watched()
        ranges = [*self._tensor_ranges(outputs), *self._arena_ranges(before, outputs, used)]
        return self._tools.recorder.finish(ranges, lambda address, _size: next(data for block, data in before.items() if block.address == address))

    def _takes_for_its_own(self, outputs: list[Placed]) -> bool:
        """Whether it uses the tensors that it was given for outputs, and returns others. From here on it is given some of its own memory for these:
        where the problem's are, other recordings have their outputs."""
        returned = {output.spec["name"] for output in outputs if output.found is not None}
        words, found = self._tools.recorder.words(), False
        for at, (one, block) in enumerate(zip(self._given, self._blocks)):
            if one.spec["name"] in returned and any(block.address <= word < block.address + block.bytes for word in words):
                self._given[at] = Given(one.spec, self._tools.framework.make(block, one.spec["dtype"], one.spec["shape"]))
                found = True
        return found

    def _blank(self, kept: list[Block]) -> None:
        """What a result does not depend on, such as a library's workspace, holds zeros from here on, not what earlier cases left there. What a check
        says of numbers that nobody computed depends on little."""
        if not kept or any(one.spec["role"] == "inout" or is_rule(one.spec) for one in self._given):
            return
        self._draw()
        wanted = self._result()
        if not self._holds_without(kept, wanted) and len(kept) > 1:
            for block in kept[:_BLANKED_MAX]:
                self._holds_without([block], wanted)

    def _holds_without(self, kept: list[Block], wanted: list[bytes]) -> bool:
        """Whether the result is `wanted` with zeros there; otherwise it is as before."""
        memory = self._tools.memory
        before = [(block, memory.read(block.address, block.bytes)) for block in kept]
        for block in kept:
            memory.zero(block.address, block.bytes)
        if self._result() == wanted:
            self._blanked += before
            return True
        for block, data in before:
            memory.write(block.address, data)
        return False

    def _result(self) -> list[bytes]:
        """Of the inputs that are there."""
        outputs = self._outputs()
        self._tools.framework.synchronize()
        found = [output.found or self._block_of(output.spec["name"]) for output in outputs]
        return [self._tools.memory.read(one.address, one.bytes) for one in found]

    def rests_on_calls(self, fresh: Call) -> bool:
        """Whether it says other things of the same inputs than `fresh`, which was never called. One that does not repeat itself tells nothing."""
        self._draw()
        own = self._result()
        self._call, before = fresh, self._call
        try:
            first, again = self._result(), self._result()
        finally:
            self._call = before
        return own != first and first == again

    def _draw(self) -> None:
        for one in self._given:
            if one.spec["role"] != "out":
                self._tools.framework.draw(one.tensor, one.spec["distribution"])
        self._tools.framework.synchronize()

    def _watched(self) -> "tuple[list[Block], list[Placed], list[Block]]":
        """(what lived before the call, where its outputs are, what it was given in the call)"""
        tools = self._tools
        self._draw()
        kept = tools.arena.watch()
        tools.recorder.begin()
        try:
            outputs = self._outputs()
            used = tools.arena.used()
            outputs = self._copied(outputs, used)
        finally:
            tools.recorder.end()
        tools.framework.synchronize()
        return kept, outputs, used

    def _copied(self, outputs: list[Placed], used: list[Block]) -> list[Placed]:
        """An output that has an allocation of its own stands where it is; any other is copied to where the problem wants it."""
        whole = {(block.address, block.bytes) for block in used}
        placed: list[Placed] = []
        for output in outputs:
            found = output.found
            if output.laid_out:
                self._tools.recorder.note(LAID_OUT_NOTE)
            if found is None or (found.address, found.bytes) in whole:
                placed.append(output)
                whole -= {(found.address, found.bytes)} if found else set()
                continue
            self._tools.recorder.on_copy(found.address, self._block_of(output.spec["name"]).address, found.bytes)
            self._tools.recorder.note(COPIES_NOTE)
            placed.append(Placed(output.spec, None))
        return placed

    def _block_of(self, name: str) -> Block:
        return next(block for one, block in zip(self._given, self._blocks) if one.spec["name"] == name)

    def _tensor_ranges(self, outputs: list[Placed]) -> list[Range]:
        """Those that the program was given, but for outputs that it made itself."""
        own = {output.spec["name"] for output in outputs if output.found is not None}
        return [
            Range(f"given.{one.spec['name']}", block.address, block.bytes, one.spec["role"], one.spec["name"])
            for one, block in zip(self._given, self._blocks) if one.spec["name"] not in own
        ]

    def _arena_ranges(self, before: dict[Block, bytes], outputs: list[Placed], used: list[Block]) -> list[Range]:
        made = {output.found.address: output.spec["name"] for output in outputs if output.found is not None}
        ranges: list[Range] = []
        for block, data in before.items():
            # What the call changes is no input of it: a run must not depend on the runs before.
            changed = self._tools.memory.read(block.address, block.bytes) != data
            ranges.append(Range(f"kept{len(ranges)}", block.address, block.bytes, "workspace" if changed else "static", None))
        for block in used:
            name = made.get(block.address)
            role = "workspace" if name is None else "out"
            ranges.append(Range(f"made{len(ranges)}", block.address, block.bytes, role, name))
        for address in _words_outside(self._tools.recorder.words(), ranges, self._tools.arena):
            raise NotRecordable(f"it uses other memory at each call ({address:#x})")
        return ranges


def _read_by_nobody(tensors: Sequence[RecordedTensor]) -> str:
    """Why the host may read nothing: what follows would be of what was drawn for this recording. Empty where that is found out by others."""
    if any(derived_of(spec) for spec in tensors):
        return "what inputs are derived from is drawn anew each time"
    return "what it checks are other outputs each time" if any(is_rule(spec) for spec in tensors) else ""


def _touched(words: set[int], blocks: list[Block], memory: DeviceMemory) -> list[Block]:
    """Blocks that some word points into, also by way of tables in other blocks."""
    found: dict[Block, None] = {}
    pending = words
    while pending:
        new = [block for block in blocks if block not in found and any(block.address <= word < block.address + block.bytes for word in pending)]
        found.update(dict.fromkeys(new))
        pending = set[int]().union(*(_words_of(memory.read(block.address, block.bytes)) for block in new if block.bytes <= _TABLE_BYTES_MAX))
    return list(found)


# Smaller ones go along as they are: what a result depends on for rare inputs alone is in them too.
_WORKSPACE_BYTES_LEAST = 4 * 1024 * 1024
# Looked at one by one, where they cannot be left out together.
_BLANKED_MAX = 16
# A larger one holds numbers, not addresses.
_TABLE_BYTES_MAX = 256 * 1024


def _words_of(data: bytes) -> set[int]:
    return {int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) - 7, 8)}


def _words_outside(words: set[int], ranges: list[Range], arena: Arena) -> "list[int]":
    """Addresses of the arena's blocks that no range covers."""
    missing = [block for block in arena.watch() if not any(one.address <= block.address < one.address + one.bytes for one in ranges)]
    return [word for word in words for block in missing if block.address <= word < block.address + block.bytes]

