"""The programs of the candidate that comes next, loaded while the device checks the last timed run of the one before it.

Then nothing of that one runs any more: it is not disturbed, and cannot reach what is loaded. Loading launches nothing. The frame `upcoming`
tells what comes; the latest counts.

Modes: nothing known -> announced -> loaded; from each of them on to another announcement, to nothing (`attemptId` null), or to the
judgement that takes it. Invariant: a loaded program is either here or the judgement's that took it; whatever is neither has been closed.
"""
from pathlib import Path
from typing import Dict, Optional

from .artifacts import open_artifact
from .device import Device, Program
from .failures import DeviceFault, InfraFailure


class Ahead:
    def __init__(self, device: Device, cache: Path) -> None:
        self._device, self._cache = device, cache
        self._announced: Optional[dict] = None
        self._loaded: Dict[str, Program] = {}

    def announce(self, header: dict) -> None:
        """An `upcoming` frame: {attemptId: string | null, programs: side -> {artifact, kernels: [name]}}."""
        self._close()
        self._announced = header if header["attemptId"] is not None else None

    def load(self) -> None:
        """What fails here fails again in the judgement, where there is an attempt to tell it of. A fault is the running candidate's: it shows
        in what its judgement asks of the device next."""
        if self._announced is None or self._loaded:
            return
        try:
            for side, code in self._announced["programs"].items():
                program = self._device.load_ahead(side, open_artifact(self._cache, code["artifact"]), code["kernels"])
                if program is not None:
                    self._loaded[side] = program
        except (InfraFailure, OSError):
            self._announced = None
            self._close()
        except DeviceFault:
            # Nothing can be closed any more: it goes with the process.
            self._announced, self._loaded = None, {}

    def take(self, attempt_id: str) -> Dict[str, Program]:
        """side -> program, of this attempt; what is loaded of another one is closed."""
        if self._announced is None or self._announced["attemptId"] != attempt_id:
            self._close()
        taken, self._loaded, self._announced = self._loaded, {}, None
        return taken

    def _close(self) -> None:
        closed, self._loaded = self._loaded, {}
        for program in closed.values():
            program.close()
