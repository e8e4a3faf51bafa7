"""What RecordRequests is asked for, and what it holds of each recording until it is told."""
import time
from typing import NamedTuple, Optional

from kiln_runner.compile.pool import OnCompiled
from kiln_runner.compile.tools import EnvironmentTool
from kiln_runner.devices.reservations import Reservation
from kiln_runner.devices.slot import DeviceSlot
from kiln_runner.programs.device_memory import SHORT_WORDS
from kiln_runner.programs.kernel_rounds import KernelRounds
from kiln_runner.protocol_programs import OwnRecordUnit


class Claimed(NamedTuple):
    """By a program's process: that the recorder does not work here, and why."""

    words: str

    @property
    def is_shortage(self) -> bool:
        return self.words.startswith(SHORT_WORDS)


class Asked(NamedTuple):
    """`told`: called once with what came of it, unless it is cancelled or forgotten."""

    id: str
    unit: OwnRecordUnit
    limit_ms: float
    told: OnCompiled


class Run:
    def __init__(self, artifact: str, number: int, asked: Asked, slot: DeviceSlot, tool: EnvironmentTool) -> None:
        self.artifact, self.unit, self.slot, self.limit_ms = artifact, asked.unit, slot, asked.limit_ms
        self.id = f"{artifact}.{number}"
        # With the kernels that were found missing, by their keys.
        self.built, self.kernels = asked.unit["built"], KernelRounds()
        self.is_compiling = self.is_alone = self.was_beside = False
        # It said that the device was short of memory, and a known program found room.
        self.has_room = False
        self.claimed: Optional[Claimed] = None
        self.tool = tool
        self.asked: dict[str, OnCompiled] = {}
        self.reservation: Optional[Reservation] = None
        self.is_asked_for = self.has_begun = False
        self.started_ns = time.monotonic_ns()
