"""Problems this judge knows: definition, reference and baseline loaded, and the baseline's times of the last minutes."""
import time
from pathlib import Path
from typing import Dict, Optional, Set, Tuple

from .artifacts import open_artifact
from .device import Case, Device, Program, Runnable

NS_PER_MS = 1e6


class Problem:
    def __init__(self, device: Device, cache: Path, frame: dict) -> None:
        self.definition = frame["definition"]
        self._device = device
        self._programs: Dict[str, Program] = {
            side: device.load(side, open_artifact(cache, frame[f"{side}Artifact"])) for side in ("reference", "baseline")
        }
        # Cases whose reference ran and whose baseline agreed with it in this process.
        self.trusted: Set[str] = set()
        self._baselines: Dict[Tuple[str, int], Tuple[dict, int]] = {}

    @property
    def key(self) -> str:
        return self.definition["key"]

    def plan(self, side: str, case: dict) -> dict:
        return case[side]

    def bound(self, side: str, case: Case, spec: dict) -> Runnable:
        """The side's runnable for an open case, bound once for as long as the case stays where it is."""
        program = self._programs[side]
        known = case.bound.get(side)
        # The case may be older than this program: a problem that was put away and loaded again has new ones.
        if known is None or known[0] is not program:
            known = case.bound[side] = (program, case.bind(side, program, self.plan(side, spec)))
        return known[1]

    def recent_baseline(self, case: str, batch: int, age_ms_max: float) -> Optional[dict]:
        statistics, measured = self._baselines.get((case, batch), (None, 0))
        if statistics is None or (time.monotonic_ns() - measured) / NS_PER_MS > age_ms_max:
            return None
        return statistics

    def remember_baseline(self, case: str, batch: int, statistics: dict) -> None:
        self._baselines[(case, batch)] = (statistics, time.monotonic_ns())

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
