"""`record`, in a program's sandbox: its entry is imported and called on every case, and what it launches is written down.

Where it launches Triton kernels that are not compiled yet, all cases are called once to see which, and they are what it answers.
"""
import ctypes
import os
from functools import partial
from typing import Any, Callable

from kiln_runner.programs.arena import Arena
from kiln_runner.programs.cupti import Cupti, CuptiFailure, DriverFunctions
from kiln_runner.programs.device_memory import CudaMemory, MemoryFailure, says_that_memory_lacks, shortage
from kiln_runner.programs.driver_calls import DriverCalls
from kiln_runner.programs.framework import Torch
from kiln_runner.programs.opening import InCase, Opening, Unequipped
from kiln_runner.programs.program_files import load_anew, load_entry
from kiln_runner.programs.record_frames import KERNELS_MAX, NOT_RECORDABLE, RecordAsked, pack, pack_refusal, pack_wants
from kiln_runner.programs.recorder import Recorder
from kiln_runner.programs.recording_session import Called, Tools, record_cases
from kiln_runner.programs.recording_shape import INPUTS_BASE, MEMORY_BYTES_MAX, WINDOW_BYTES_MAX


def record(asked: Any) -> bytes:
    """`asked`: RecordAsked, and `built`, the files that were built of it. `rehearsal`: only what is missing is told, and nothing is recorded."""
    opening = Opening()
    kernels = opening.kernels
    try:
        answer = _record(asked, opening)
    except BaseException as error:
        answer = pack_refusal(*opening.refusal_of(error))
    # Whatever came of calls whose kernels did nothing counts for nothing.
    if kernels.unprepared:
        return pack_refusal("unequipped", "", kernels.unprepared)
    if kernels.refusal:
        return pack_refusal("contract", "", NOT_RECORDABLE + kernels.refusal)
    return pack_wants(list(kernels.missing.values())[:KERNELS_MAX]) if kernels.missing else answer


def _record(asked: Any, opening: Opening) -> bytes:
    program, root = opening.open(asked)
    is_rehearsal = asked.get("rehearsal", False)
    tools = equipped_by[-1](asked)._replace(is_rehearsal=lambda: is_rehearsal or bool(opening.kernels.missing))
    if asked.get("needsRoom") and tools.shortage:
        raise Unequipped(tools.shortage)
    try:
        symbol = load_entry(program, root)
        anew = partial(load_anew, program, root)
        recorded = record_cases(Called(symbol, program.style, asked["cases"], asked.get("model"), anew), tools)
    except Exception as error:
        if tools.shortage and _found_no_room(error, tools):
            raise Unequipped(tools.shortage) from error
        raise
    return pack(recorded.texts, recorded.blobs)


def _found_no_room(error: Exception, tools: Tools) -> bool:
    """Whether it ended for want of the device's memory. What is over the program's own bounds is not."""
    if tools.arena.refusal:
        return tools.arena.is_device_full
    raised = error.cause if isinstance(error, InCase) else error
    return isinstance(raised, MemoryFailure) or says_that_memory_lacks(str(raised))


def equip(asked: RecordAsked) -> Tools:
    """Before any code of the program: the callbacks before the context, the context before the framework's."""
    if asked["device"]:
        os.environ["CUDA_VISIBLE_DEVICES"] = asked["device"]
    recorder = Recorder(asked["architecture"])
    try:
        calls = DriverCalls(recorder, DriverFunctions(ctypes.CDLL("libcuda.so.1")))
        _subscribed.append(Cupti(calls))
        window = asked["arena"] - asked["arena"] % WINDOW_BYTES_MAX
        memory = CudaMemory([(INPUTS_BASE, WINDOW_BYTES_MAX), (window, WINDOW_BYTES_MAX)])
        calls.is_own = memory.is_asking
        free, total = memory.free_and_total()
        arena, framework = Arena(memory, asked["arena"], min(MEMORY_BYTES_MAX, total)), Torch()
        framework.begin(arena)
    except (OSError, CuptiFailure, MemoryFailure, AttributeError, RuntimeError) as error:
        raise Unequipped(f"{type(error).__name__}: {error}") from error
    return Tools(recorder, arena, memory, framework, shortage=shortage(free, total))


# The last one counts: an environment without a GPU, of tests, has one of its own.
equipped_by: list[Callable[[RecordAsked], Tools]] = [equip]
# For as long as the process lives.
_subscribed: list[Cupti] = []

