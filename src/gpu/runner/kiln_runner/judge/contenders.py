"""The programs of one judgement: its candidate's and the record's, beside the problem's own; their plans, and what these are bound to."""
from collections.abc import Sequence
from functools import cached_property

from kiln_runner.protocol import DefinedCase, JudgeTask, Plan

from .answering import Answering, refuse_no_answers
from .artifacts import open_artifact
from .bench import Bench
from .device import Case, Program, Runnable
from .failures import DeviceFault, InfraFailure, LaunchRejected
from .layout import Scratch
from .problems import Problem
from .recorded import Recorded, has_changed, refuse_change
from .replicas import replicas_max
from .symbols import names_in


class Contenders:
    def __init__(self, bench: Bench, problem: Problem, task: JudgeTask) -> None:
        self._bench, self._problem, self._task = bench, problem, task
        self.programs: dict[str, Program] = dict(bench.loaded)
        # By case.
        self._scratches: dict[str, Scratch] = {}
        self._replicas: dict[str, int] = {}
        self._bound: dict[tuple[str, int], tuple[Case, Runnable]] = {}

    @property
    def candidate(self) -> Program:
        return self.programs["candidate"]

    @cached_property
    def is_recorded(self) -> bool:
        """One of all sides is a recording. Once they are loaded."""
        return self._problem.is_recorded or any(isinstance(program, Recorded) for program in self.programs.values())

    def load(self) -> None:
        """What is not loaded yet. LaunchRejected, InfraFailure."""
        self._load("candidate", self._task["artifact"])
        if self._task["record"]:
            self._load("record", self._task["record"]["artifact"])
        for spec in self._problem.definition["cases"]:
            if not isinstance(self.candidate, (Recorded, Answering)) and spec["name"] not in self._task["plans"]:
                raise InfraFailure("internal", f"the task has no plan for the case {spec['name']}")

    def _load(self, side: str, artifact: str) -> None:
        if side not in self.programs:
            self.programs[side] = self._bench.device.load(side, open_artifact(self._bench.cache, artifact))

    def close(self) -> None:
        for program in self.programs.values():
            program.close()

    def open(self, spec: DefinedCase, batch: int) -> Case:
        return self._bench.device.open_case(self._problem.definition, spec, batch, self._scratch(spec))

    def keeps_open(self, spec: DefinedCase) -> bool:
        """Whether the case can be prepared while another is looked at. Recordings see one case at a time."""
        return self._bench.device.keeps_open(self._problem.definition, spec, 1, self._scratch(spec)) and not self.is_recorded

    @property
    def can_open_beside(self) -> bool:
        """Whether a case can be opened while another is looked at. Of what answers, runs of one case are asked for at a time."""
        return not self.is_recorded and not isinstance(self.candidate, Answering)

    def can_be_read_later(self, spec: DefinedCase) -> bool:
        """What its times are worth follows from them alone: of a recording kernels are timed beside, of what answers its process is asked."""
        return self.keeps_open(spec) and not isinstance(self.candidate, Answering)

    def _scratch(self, spec: DefinedCase) -> Scratch:
        """Known once the programs are loaded, and asked for again and again."""
        if spec["name"] not in self._scratches:
            self._scratches[spec["name"]] = {side: self._plan(side, spec)["scratch"] for side in (*self._problem.sides, *self.programs)}
        return self._scratches[spec["name"]]

    def replicas_max(self, spec: DefinedCase) -> int:
        """A recording has one place for each tensor, code has each of its symbols once."""
        if spec["name"] not in self._replicas:
            plans = [self._plan(side, spec) for side in ("baseline", *self.programs)]
            most = 1 if self._problem.is_timed_alone else replicas_max(self._bench.device, spec, self.programs, plans)
            self._replicas[spec["name"]] = most
        return self._replicas[spec["name"]]

    def _plan(self, side: str, spec: DefinedCase) -> Plan:
        program = self.programs.get(side)
        if isinstance(program, (Recorded, Answering)):
            return program.plan(spec["name"])
        if side == "candidate":
            return self._task["plans"][spec["name"]]
        record = self._task["record"]
        if side == "record" and record is not None:
            return record["plans"][spec["name"]]
        return self._problem.plan(side, spec)

    def runnables(self, sides: Sequence[str], case: Case, spec: DefinedCase) -> dict[str, Runnable]:
        return {side: self.runnable(side, case, spec) for side in sides}

    def runnable(self, side: str, case: Case, spec: DefinedCase) -> Runnable:
        if side in ("reference", "baseline"):
            return self._problem.trusted(side, case, spec)
        key = (side, id(case))
        if key not in self._bound:
            # The case is kept beside, so that its id stays its own.
            self._bound[key] = (case, self._bind(side, case, spec))
        return self._bound[key][1]

    def yardstick(self, case: Case, spec: DefinedCase) -> Runnable:
        """Whose outputs are expected of the candidate."""
        return self._problem.yardstick(self.runnable("candidate", case, spec), case, spec)

    def _bind(self, side: str, case: Case, spec: DefinedCase) -> Runnable:
        try:
            return case.bind(side, self.programs[side], self._plan(side, spec))
        except LaunchRejected as error:
            if side == "candidate":
                raise
            raise InfraFailure("internal", f"the {side}'s plan, case {spec['name']}: {error.field}: {error}") from error

    def constants(self) -> bytes:
        """What the other sides' code only reads, as it is now."""
        record = self._task["record"]
        own = [(self.programs["record"], names_in(record["plans"].values()))] if record else []
        return self._bench.device.constants([*self._problem.programs, *own])

    def refuse_change(self, read_only: bytes, case: str) -> None:
        """Of tables of the other sides (`read_only`: as they were), and of what they keep: one in which a candidate changed it is no yardstick any
        more, for nobody. DeviceFault."""
        if self.constants() != read_only:
            raise DeviceFault("constants of the record, the baseline or the reference changed while the candidate ran", lost=True)
        side = "record" if has_changed(self.programs.get("record")) else self._problem.changed()
        if side is not None:
            raise DeviceFault(f"what the {side} keeps between calls changed while the candidate ran", lost=True)
        refuse_change(self.candidate, case)
        refuse_no_answers(self.candidate, [program for program in self.programs.values() if program is not self.candidate], case)
