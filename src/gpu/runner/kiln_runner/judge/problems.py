"""Problems this judge has loaded: definition, reference and baseline."""
from pathlib import Path
from typing import Dict, List

from .artifacts import open_artifact
from .device import Case, Device, Part, Program, Runnable
from .facts import Facts

SIDES = ("reference", "baseline")


class Problem:
    def __init__(self, device: Device, cache: Path, frame: dict, facts: Facts) -> None:
        self.definition, self.facts = frame["definition"], facts
        self._device = device
        self._programs: Dict[str, Program] = {
            side: device.load(side, open_artifact(cache, frame[f"{side}Artifact"])) for side in SIDES
        }

    @property
    def programs(self) -> List[Program]:
        return list(self._programs.values())

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

    def parts(self) -> List[Part]:
        """What a candidate without scratch memory will need: every case, also with as many replicas as candidates were timed with."""
        specs = self.definition["cases"]
        return [Part(spec, batch, self._scratch(spec)) for spec in specs for batch in self.facts.batches(spec["name"])]

    def make_ready(self, part: Part) -> None:
        """Opens the case and binds the problem's own sides to it; nothing is launched. LaunchRejected, InfraFailure."""
        case = self._device.open_case(self.definition, part.case, part.batch, part.scratch)
        for side in SIDES:
            self.bound(side, case, part.case)

    def _scratch(self, spec: dict) -> Dict[str, Dict[str, int]]:
        return {side: self.plan(side, spec)["scratch"] for side in SIDES}

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
