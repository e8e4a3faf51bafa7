"""Problems this judge has loaded: definition, reference and baseline."""
from functools import cached_property
from pathlib import Path
from typing import Optional

from kiln_runner.judge_frames import DefineProblem
from kiln_runner.protocol import DefinedCase, Plan

from .artifacts import open_artifact
from .device import INPUTS, VERIFY, Case, Device, Part, Program, Runnable
from .facts import Facts
from .failures import InfraFailure, LaunchRejected
from .recorded import CHANGES_WHAT_IT_KEEPS, Recorded, has_changed
from .symbols import names_in

# What runs on behalf of every other side.
_ON_ALL = {INPUTS, VERIFY}


class Problem:
    def __init__(self, device: Device, cache: Path, frame: DefineProblem, facts: Facts) -> None:
        self.definition, self.facts = frame["definition"], facts
        self._device = device
        artifacts = {"reference": frame["referenceArtifact"], "baseline": frame["baselineArtifact"]}
        if "inputsArtifact" in frame:
            artifacts[INPUTS] = frame["inputsArtifact"]
        if "verifyArtifact" in frame:
            artifacts[VERIFY] = frame["verifyArtifact"]
        self._programs: dict[str, Program] = {side: device.load(side, open_artifact(cache, artifact)) for side, artifact in artifacts.items()}

    @cached_property
    def programs(self) -> list[tuple[Program, frozenset[str]]]:
        """With the variables that their plans fill."""
        cases = self.definition["cases"]
        return [(program, names_in(self.plan(side, case) for case in cases)) for side, program in self._programs.items()]

    @property
    def key(self) -> str:
        return self.definition["key"]

    @property
    def sides(self) -> list[str]:
        """Its own."""
        return list(self._programs)

    @property
    def is_timed_alone(self) -> bool:
        """A recording has one place for each tensor: one run of a baseline that is one, on inputs that one derives, or of outputs that one checks, is
        timed at a time."""
        return isinstance(self._programs["baseline"], Recorded) or not self._programs.keys().isdisjoint(_ON_ALL)

    @property
    def is_verified(self) -> bool:
        """It checks outputs by itself."""
        return VERIFY in self._programs

    def yardstick(self, side: Runnable, case: Case, spec: DefinedCase) -> Runnable:
        """Whose outputs are expected of a side: the reference's, or its own once more where the problem's check says what is right. Whatever judges
        by it is bound to the case: a device may have put away the one that it was bound to before."""
        reference = self.trusted("reference", case, spec)
        return side if self.is_verified else reference

    @cached_property
    def is_recorded(self) -> bool:
        """One of its own sides is a recording."""
        return any(isinstance(program, Recorded) for program in self._programs.values())

    def refuse_change(self) -> None:
        """InfraFailure where one of its recordings wrote to what it keeps, and nobody else ran: no other host could judge by it."""
        for side, program in self._programs.items():
            if has_changed(program):
                raise InfraFailure("problem_refused", f"the {side} of {self.definition['name']} is no program to judge by: {CHANGES_WHAT_IT_KEEPS}")

    def blamed(self, outcome: str) -> InfraFailure:
        """`outcome`: of its own baseline. What recordings disagree about no other try would change."""
        recorded = [isinstance(program, Recorded) for program in self._programs.values()]
        if all(recorded) and self._is_one_program and not self.is_verified:
            return InfraFailure(
                "problem_refused",
                f"the reference of {self.definition['name']}, recorded twice on other inputs, is judged {outcome} by itself: it steers by values, "
                f"draws numbers of its own, or differs from itself by more than the tolerance",
            )
        return InfraFailure("problem_refused" if any(recorded) else "baseline_failed", f"the problem's own baseline is judged {outcome}")

    @property
    def _is_one_program(self) -> bool:
        sides = [{**unit, "side": ""} for unit in (self.definition["reference"], self.definition["baseline"])]
        return sides[0] == sides[1]

    def changed(self) -> Optional[str]:
        """The side whose recording found something else than it keeps."""
        return next((side for side, program in self._programs.items() if has_changed(program)), None)

    def plan(self, side: str, case: DefinedCase) -> Plan:
        program = self._programs[side]
        if isinstance(program, Recorded):
            plans = {"reference": program.plan_apart, INPUTS: program.plan_alone, VERIFY: program.plan_alone}
            return plans.get(side, program.plan)(case["name"])
        return case["reference"] if side == "reference" else case["baseline"]

    def bound(self, side: str, case: Case, spec: DefinedCase) -> Runnable:
        """The side's runnable for an open case, bound once for as long as the case stays where it is."""
        if side not in _ON_ALL:
            # Whatever is done with the case, inputs are drawn first, and outputs checked at the end.
            for first in self._programs.keys() & _ON_ALL:
                self.bound(first, case, spec)
        program = self._programs[side]
        known = case.bound.get(side)
        # The case may be older than this program: a problem that was put away and loaded again has new ones.
        if known is None or known[0] is not program:
            known = case.bound[side] = (program, case.bind(side, program, self.plan(side, spec)))
        return known[1]

    def trusted(self, side: str, case: Case, spec: DefinedCase) -> Runnable:
        """As `bound`. InfraFailure where the plan cannot be: that is no candidate's fault."""
        try:
            return self.bound(side, case, spec)
        except LaunchRejected as error:
            raise InfraFailure(f"{side}_failed", f"the {side}'s plan, case {spec['name']}: {error.field}: {error}") from error

    def parts(self) -> list[Part]:
        """What a candidate without scratch memory will need: every case, also with as many replicas as candidates were timed with."""
        specs = self.definition["cases"]
        return [Part(spec, batch, self._scratch(spec)) for spec in specs for batch in self.facts.batches(spec["name"])]

    def make_ready(self, part: Part) -> None:
        """Opens the case and binds the problem's own sides to it; nothing is launched. LaunchRejected, InfraFailure."""
        case = self._device.open_case(self.definition, part.case, part.batch, part.scratch)
        for side in self.sides:
            self.bound(side, case, part.case)

    def _scratch(self, spec: DefinedCase) -> dict[str, dict[str, int]]:
        return {side: self.plan(side, spec)["scratch"] for side in self.sides}

    def close(self) -> None:
        for program in self._programs.values():
            program.close()
