"""`record`, in a program's sandbox: its entry is imported and called on every case, and what it launches is written down."""
import ctypes
import os
from typing import Any, Callable

from kiln_runner.programs.arena import Arena
from kiln_runner.programs.built import restore
from kiln_runner.programs.cupti import Cupti, CuptiFailure, DriverFunctions
from kiln_runner.programs.device_memory import CudaMemory, MemoryFailure
from kiln_runner.programs.driver_calls import DriverCalls
from kiln_runner.programs.framework import Torch
from kiln_runner.programs.own_trace import words_of
from kiln_runner.programs.program_files import ProgramRefused, load_entry, program_of, write_files
from kiln_runner.programs.record_frames import ANSWER_BYTES_MAX, RecordAsked, pack, pack_refusal
from kiln_runner.programs.recorder import Recorder
from kiln_runner.programs.recording_session import Stopped, Tools, record_cases
from kiln_runner.programs.recording_shape import INPUTS_BASE, WINDOW_BYTES_MAX


class Unequipped(Exception):
    """The recorder itself cannot work here; the program is not to blame."""


def record(asked: Any) -> bytes:
    """`asked`: RecordAsked, and `built`, the files that were built of it."""
    home = os.getcwd()
    try:
        program = program_of(asked)
        root = write_files(program, home)
        if asked.get("built"):
            restore(home, asked["built"], root)
        tools = equipped_by[-1](asked)
        symbol = load_entry(program, root)
        recorded = record_cases(symbol, program.style, asked["cases"], tools)
    except Stopped as stopped:
        return pack_refusal("contract", stopped.case, str(stopped))
    except ProgramRefused as error:
        return pack_refusal("contract", "", str(error))
    except Unequipped as error:
        return pack_refusal("unequipped", "", str(error))
    except BaseException as error:
        return pack_refusal("crashed", "", words_of(error, home))
    answer = pack(recorded.texts, recorded.blobs)
    if len(answer) > ANSWER_BYTES_MAX:
        return pack_refusal("contract", "", f"it cannot be recorded: binaries and weights have more than {ANSWER_BYTES_MAX} bytes together")
    return answer


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
        arena, framework = Arena(memory, asked["arena"]), Torch()
        framework.begin(arena)
    except (OSError, CuptiFailure, MemoryFailure, AttributeError, RuntimeError) as error:
        raise Unequipped(f"{type(error).__name__}: {error}") from error
    return Tools(recorder, arena, memory, framework)


# The last one counts: an environment without a GPU, of tests, has one of its own.
equipped_by: list[Callable[[RecordAsked], Tools]] = [equip]
# For as long as the process lives.
_subscribed: list[Cupti] = []

