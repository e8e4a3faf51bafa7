"""The programs of the candidate that comes next, loaded while the device checks the last timed run of the one before it.

Then nothing of that one runs any more: it is not disturbed, and cannot reach what is loaded. Loading launches nothing. The frame `upcoming`
tells what comes; the latest counts.

Modes: nothing -> Announced -> Loaded; from each of them on to another announcement, to nothing (`attemptId` null), or to the
judgement that takes it. Invariant: a loaded program is either here or the judgement's that took it; whatever is neither has been closed.
"""
from pathlib import Path
from typing import NamedTuple, Optional, Union

from kiln_runner.judge_frames import Upcoming

from .artifacts import open_artifact
from .device import Device, Program
from .failures import DeviceFault, InfraFailure


class Announced(NamedTuple):
    header: Upcoming
    is_read: bool = False


class Loaded(NamedTuple):
    """`programs`: by side, those that could be loaded without running anything of them."""

    attempt_id: Optional[str]
    programs: dict[str, Program]


class Ahead:
    def __init__(self, device: Device, cache: Path) -> None:
        self._device, self._cache = device, cache
        self._mode: Union[Announced, Loaded, None] = None

    def announce(self, header: Upcoming) -> None:
        self._close()
        self._mode = Announced(header) if header["attemptId"] is not None else None

    def read(self) -> None:
        """The files of what was announced, while a candidate is timed: the device is not asked for anything."""
        mode = self._mode
        if not isinstance(mode, Announced) or mode.is_read:
            return
        self._mode = mode._replace(is_read=True)
        try:
            self._device.read_ahead([open_artifact(self._cache, code["artifact"]) for code in mode.header["programs"].values()])
        except (InfraFailure, OSError):
            # It fails again where there is an attempt to tell it of.
            return

    def load(self) -> None:
        """What fails here fails again in the judgement, where there is an attempt to tell it of. A fault is the running candidate's: it shows
        in what its judgement asks of the device next."""
        if not isinstance(self._mode, Announced):
            return
        header = self._mode.header
        loaded = self._mode = Loaded(header["attemptId"], {})
        try:
            for side, code in header["programs"].items():
                program = self._device.load_ahead(side, open_artifact(self._cache, code["artifact"]), code["kernels"])
                if program is not None:
                    loaded.programs[side] = program
        except (InfraFailure, OSError):
            self._close()
        except DeviceFault:
            # Nothing can be closed any more: it goes with the process.
            self._mode = None

    def take(self, attempt_id: str) -> dict[str, Program]:
        """side -> program, of this attempt; what is loaded of another one is closed."""
        if not isinstance(self._mode, Loaded) or self._mode.attempt_id != attempt_id:
            self._close()
            return {}
        taken, self._mode = self._mode.programs, None
        return taken

    def _close(self) -> None:
        mode, self._mode = self._mode, None
        if isinstance(mode, Loaded):
            for program in mode.programs.values():
                program.close()
