"""Problems this judge has loaded: definition, reference and baseline."""
from pathlib import Path

from kiln_runner.judge_frames import DefineProblem
from kiln_runner.protocol import DefinedCase, Plan

from .artifacts import open_artifact
from .device import Case, Device, Part, Program, Runnable
from .facts import Facts
from .symbols import names_in

SIDES = ("reference", "baseline")


class Problem:
    def __init__(self, device: Device, cache: Path, frame: DefineProblem, facts: Facts) -> None:
        self.definition, self.facts = frame["definition"], facts
        self._device = device
        self._programs: dict[str, Program] = {
            "reference": device.load("reference", open_artifact(cache, frame["referenceArtifact"])),
            "baseline": device.load("baseline", open_artifact(cache, frame["baselineArtifact"])),
        }

    @property
    def programs(self) -> list[tuple[Program, frozenset[str]]]:
        """With the variables that their plans fill."""
        cases = self.definition["cases"]
        return [(program, names_in(self.plan(side, case) for case in cases)) for side, program in self._programs.items()]

    @property
    def key(self) -> str:
        return self.definition["key"]

    def plan(self, side: str, case: DefinedCase) -> Plan:
        return case["reference"] if side == "reference" else case["baseline"]

    def bound(self, side: str, case: Case, spec: DefinedCase) -> Runnable:
        """The side's runnable for an open case, bound once for as long as the case stays where it is."""
        program = self._programs[side]
        known = case.bound.get(side)
        # The case may be older than this program: a problem that was put away and loaded again has new ones.
        if known is None or known[0] is not program:
            known = case.bound[side] = (program, case.bind(side, program, self.plan(side, spec)))
        return known[1]

    def parts(self) -> list[Part]:
        """What a candidate without scratch memory will need: every case, also with as many replicas as candidates were timed with."""
        specs = self.definition["cases"]
        return [Part(spec, batch, self._scratch(spec)) for spec in specs for batch in self.facts.batches(spec["name"])]

    def make_ready(self, part: Part) -> None:
        """Opens the case and binds the problem's own sides to it; nothing is launched. LaunchRejected, InfraFailure."""
        case = self._device.open_case(self.definition, part.case, part.batch, part.scratch)
        for side in SIDES:
            self.bound(side, case, part.case)

    def _scratch(self, spec: DefinedCase) -> dict[str, dict[str, int]]:
        return {side: self.plan(side, spec)["scratch"] for side in SIDES}

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
