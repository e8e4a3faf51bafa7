"""What a device's slot asks of the runner around it, and what it reports."""
from typing import Callable, NamedTuple, Optional, Protocol, Union

from kiln_runner.devices.task import Task
from kiln_runner.judge_frames import CompanionEnded, StartCompanion
from kiln_runner.protocol import Device, InfraFailure, JudgeResult


class Preparing(NamedTuple):
    """The problem's reference and baseline are being compiled."""


class Prepared(NamedTuple):
    """`frame` is the encoded `problem` frame for a judge."""

    frame: bytes


class Unpreparable(NamedTuple):
    infra: InfraFailure


class CompanionPorts(Protocol):
    """Processes in which programs answer, for the judges of all devices."""

    def start(self, device: Device, asked: StartCompanion, tell: Callable[[CompanionEnded], None]) -> None:
        """`tell`: called once, when it has ended; not after `end_all`."""
        ...

    def end(self, companion_id: str) -> None: ...

    def end_all(self, device_id: str) -> None:
        """Of a judge that is gone."""
        ...


class SlotEvents(NamedTuple):
    """`finished(result, started)`: `started` is the attempt that began in the same moment. `damaged`: an
    artifact that the task needs cannot be used."""

    problem: Callable[[str], Union[Preparing, Prepared, Unpreparable]]
    missing_artifact: Callable[[Task], Optional[str]]
    started: Callable[[str, str], None]
    finished: Callable[[JudgeResult, Optional[str]], None]
    released: Callable[[Task], None]
    device_changed: Callable[[str], None]
    damaged: Callable[[Task], None]
    companions: CompanionPorts
