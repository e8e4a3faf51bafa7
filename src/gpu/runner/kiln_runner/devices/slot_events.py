"""What a device's slot asks of the runner around it, and what it reports."""
from typing import Callable, NamedTuple, Optional, Union

from kiln_runner.devices.task import Task
from kiln_runner.protocol import InfraFailure, JudgeResult


class Preparing(NamedTuple):
    """The problem's reference and baseline are being compiled."""


class Prepared(NamedTuple):
    """`frame` is the encoded `problem` frame for a judge."""

    frame: bytes


class Unpreparable(NamedTuple):
    infra: InfraFailure


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
