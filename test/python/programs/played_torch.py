"""Equips a recorder on a played GPU, with the stand-in of PyTorch (played_environment) and the recorder's own way of speaking to PyTorch."""
import sys
from typing import Any

from kiln_runner.programs import record_task
from kiln_runner.programs.arena import Arena
from kiln_runner.programs.framework import Torch
from kiln_runner.programs.record_frames import RecordAsked
from kiln_runner.programs.recorder import Recorder
from kiln_runner.programs.recording_session import Tools
from test.python.programs.played_gpu import HostMemory
from test.python.programs.played_kernels import SIZES
from test.python.programs.small_cubin import ARCHITECTURE, cubin_of


class Subscription:
    """As CUPTI's: who has it can end it, or have nothing shown."""

    def __init__(self, played: Any) -> None:
        self._played, self._subscriber = played, None
        self._cupti = self

    def cuptiEnableDomain(self, on: Any, _subscriber: Any, _domain: int) -> int:  # noqa: N802 -- its name in CUPTI
        self._played.shown = bool(on.value)
        return 0

    def close(self) -> None:
        self._played.shown = False


def equip(asked: RecordAsked) -> Tools:
    torch = sys.modules["torch"]
    memory = HostMemory()
    arena, recorder = Arena(memory, asked["arena"]), Recorder(ARCHITECTURE)
    recorder.on_module(cubin_of(SIZES))
    torch.played = torch.Played(recorder)
    record_task._subscribed.append(Subscription(torch.played))  # type: ignore[arg-type]
    framework = Torch()
    framework.begin(arena)
    return Tools(recorder, arena, memory, framework)
