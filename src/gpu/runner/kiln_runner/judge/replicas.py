"""How many executions may be timed together, each on buffers of its own."""
from collections.abc import Iterable, Mapping

from kiln_runner.protocol import DefinedCase, Plan

from .answering import Answering
from .device import Device, Program
from .recorded import Recorded
from .symbols import names_in


def replicas_max(device: Device, case: DefinedCase, programs: Mapping[str, Program], plans: Iterable[Plan]) -> int:
    """`plans`: of the sides that are timed. Recordings, and processes that answer, have one place for each tensor; code has each of its symbols
    once."""
    is_single = names_in(plans) or any(isinstance(program, (Recorded, Answering)) for program in programs.values())
    return 1 if is_single else device.replicas_max(case)
