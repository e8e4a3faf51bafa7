"""`answer`, in a program's sandbox: its entry is imported, and called whenever the judge asks, on inputs that the judge writes later.

Before any code of the program runs, the context is made with the settings that the judge's own has, and the judge's memory is mapped. Each call is
queued behind a word that the judge writes once its inputs are there, and in front of one that tells the judge that it is done. What the program could
do to any of this costs itself time or makes it wrong: the judge looks at its own memory, with its own clock (judge/gpu/answering_program.py).
"""
import os
import socket
from typing import Any, Callable, NamedTuple

from kiln_runner.programs.answer_messages import DESCRIPTOR, Begin, Channel
from kiln_runner.programs.arena import Arena, Block, tensor_rooms
from kiln_runner.programs.calling import Broken, Call, Given, callable_of, outputs_of
from kiln_runner.programs.device_memory import MemoryFailure
from kiln_runner.programs.framework import Framework, Torch
from kiln_runner.programs.opening import InCase, Opening, Unequipped
from kiln_runner.programs.program_files import load_entry
from kiln_runner.programs.shared_memory import Released, Share, SharedMemory
from kiln_runner.protocol_programs import RecordedCase

# Between two looks at the stream while nothing is asked: a kernel that faulted shows there.
LOOK_S = 0.05
GO_BYTES = 0
# Apart, so that neither is in the other's line of a cache.
DONE_BYTES = 4096


class Equipped(NamedTuple):
    memory: Released
    arena: Arena
    framework: Framework


def answer(asked: Any) -> bytes:
    """`asked`: files, entry, architecture, device, cases, model?, and `built`, the files that were built of it. Returns when the judge is gone."""
    opening, channel = Opening(), Channel(socket.socket(fileno=DESCRIPTOR))
    try:
        _answer(asked, opening, channel)
    except EOFError:
        return b"{}"
    except BaseException as error:
        try:
            channel.refused(*opening.refusal_of(error))
        except EOFError:
            # Nobody wants to know.
            pass
    return b"{}"


def _answer(asked: Any, opening: Opening, channel: Channel) -> None:
    program, root = opening.open(asked)
    begin, descriptors = channel.begin()
    equipped = answers_by[-1](asked, begin, descriptors)
    # Nothing of the program has run yet: until here whatever fails is not its fault, and from here on it may say anything.
    channel.equipped()
    symbol = load_entry(program, root)
    calls = Calls(equipped, begin, asked["cases"], callable_of(symbol, program.style, asked.get("model"), equipped.framework))
    equipped.framework.synchronize()
    channel.ready()
    kernels = opening.kernels
    while True:
        told = channel.call(LOOK_S)
        if told is None:
            _refuse_fault(equipped.memory.fault())
            continue
        outputs = calls.make(*told)
        if kernels.unprepared:
            raise Unequipped(kernels.unprepared)
        if kernels.missing or kernels.refusal:
            raise Broken(f"a Triton kernel was not compiled before: {kernels.refusal or next(iter(kernels.missing.values()))['kernel']}")
        channel.called(told[0], outputs)


def _refuse_fault(fault: str) -> None:
    if fault:
        raise RuntimeError(fault)


class Calls:
    """The program's calls, each between its two words."""

    def __init__(self, equipped: Equipped, begin: Begin, cases: "list[RecordedCase]", call: Call) -> None:
        self._equipped, self._words, self._call = equipped, begin.words, call
        rooms = tensor_rooms(cases, equipped.memory.page)
        self._cases = {case["name"]: (case, self._all_given(case, blocks)) for case, blocks in zip(cases, rooms)}
        # Of the call before: kept until the next one begins, whose stream waits.
        self._returned: Any = None

    def _all_given(self, case: RecordedCase, blocks: "list[Block]") -> "list[Given]":
        return [self._given(spec, block) for spec, block in zip(case["tensors"], blocks)]

    def _given(self, spec: Any, block: Block) -> Given:
        equipped = self._equipped
        equipped.memory.map(block.mapped_at, block.mapped)
        equipped.arena.place_next(block)
        return Given(spec, equipped.framework.make(block, spec["dtype"], spec["shape"]))

    def make(self, call: int, name: str) -> "dict[str, int]":
        """Where its outputs are that are not in the tensors it was given. InCase."""
        case, given = self._cases[name]
        memory, arena = self._equipped.memory, self._equipped.arena
        try:
            memory.wait_for(self._words + GO_BYTES, call)
            self._returned = None
            self._returned = self._call(case, given)
            if arena.refusal:
                raise MemoryError(f"CUDA out of memory: {arena.refusal}")
            outputs = outputs_of(self._returned, given, self._equipped.framework)
            self._returned = (self._returned, outputs)
            memory.say(self._words + DONE_BYTES, call)
        except BaseException as error:
            raise InCase(name, error) from error
        return {output.spec["name"]: output.found.address for output in outputs if output.found is not None}


def equip(asked: Any, begin: Begin, descriptors: "list[int]") -> Equipped:
    """Before any code of the program: the context before the framework's, the judge's memory before any other."""
    if asked["device"]:
        os.environ["CUDA_VISIBLE_DEVICES"] = asked["device"]
    try:
        shares = [Share(descriptor, window.address, window.bytes) for descriptor, window in zip(descriptors, (begin.inputs, begin.arena))]
        memory = SharedMemory(shares)
        for descriptor in descriptors:
            os.close(descriptor)
        framework = Torch()
        arena = Arena(memory, begin.arena.address, begin.words - begin.arena.address)
        framework.begin(arena)
    except (OSError, MemoryFailure, AttributeError, RuntimeError) as error:
        raise Unequipped(f"{type(error).__name__}: {error}") from error
    return Equipped(memory, arena, framework)


# The last one counts: an environment without a GPU, of tests, has one of its own.
answers_by: "list[Callable[[Any, Begin, list[int]], Equipped]]" = [equip]
