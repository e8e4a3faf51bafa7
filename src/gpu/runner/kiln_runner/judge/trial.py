"""`runner try-problem --cache DIR`: what a problem's checks find, on the cpu device. One JSON document in on stdin, one out on stdout.

In: {definition, trials: [{name, unit, plans: case -> plan}]}. Out: {refused: text | null, trials: {name: {case, verdict} | null}}: where a trial
first got another verdict than `passed`; null where none did. Each case is tried twice, since a trial may rely on what it left behind.
"""
import argparse
import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Optional, TypedDict

from kiln_runner.protocol import DefinedCase, KernelUnit, Plan, Plans, ProblemDefinition, SideUnit

from ..compile.c_gcc import compile_c
from .artifacts import Artifact, open_artifact
from .checking import Terms, advice, check
from .cpu import child as cpu_child
from .cpu.case import CpuCase
from .cpu.device import CpuDevice
from .cpu.library import find_gcc
from .discerning import Sides, blindness
from .failures import CandidateFailure, DeviceFault, InfraFailure, LaunchRejected


class Trial(TypedDict):
    name: str
    unit: KernelUnit
    plans: Plans


class Failed(TypedDict):
    case: str
    verdict: str


class Answer(TypedDict):
    refused: Optional[str]
    trials: dict[str, Optional[Failed]]


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="runner try-problem")
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args(argv)
    asked = json.load(sys.stdin)
    try:
        bench = _Bench(CpuDevice("try-problem", options.cache), options.cache, asked["definition"])
        answer: Answer = {"refused": bench.refusal(), "trials": {}}
        if answer["refused"] is None:
            answer["trials"] = {trial["name"]: bench.tried(trial) for trial in asked["trials"]}
    except InfraFailure as error:
        answer = {"refused": str(error), "trials": {}}
    json.dump(answer, sys.stdout)
    return 0


class _Bench:
    def __init__(self, device: CpuDevice, cache: Path, definition: ProblemDefinition) -> None:
        self._device, self._cache, self._definition = device, cache, definition
        self._terms = Terms(definition["tolerance"], random.SystemRandom())
        self._reference = device.load("reference", self._compiled(definition["reference"], "the reference"))

    def refusal(self) -> Optional[str]:
        """Why the problem judges nobody, by what judges ask when they first try it."""
        program = self._device.load("baseline", self._compiled(self._definition["baseline"], "the baseline"))
        for spec in self._definition["cases"]:
            case = self._open(spec, "baseline", spec["baseline"])
            reference, baseline = case.bind("reference", self._reference, spec["reference"]), case.bind("baseline", program, spec["baseline"])
            try:
                for input_set in range(1 + len(case.hard_names)):
                    check(case, baseline, reference, self._terms, input_set)
            except CandidateFailure as failure:
                return f"case {spec['name']}: the problem's own baseline is judged {failure.outcome}{advice(failure.outcome)}"
            reason = blindness(case, Sides(reference, baseline), self._terms, spec["kind"] == "bench")
            if reason is not None:
                return f"case {spec['name']}: {reason}"
        program.close()
        return None

    def tried(self, trial: Trial) -> Optional[Failed]:
        program = self._device.load("candidate", self._compiled(trial["unit"], trial["name"]))
        try:
            for spec in self._definition["cases"]:
                verdict = self._verdict(program, spec, trial["plans"][spec["name"]])
                if verdict is not None:
                    return {"case": spec["name"], "verdict": verdict}
            return None
        finally:
            program.close()

    def _verdict(self, program: cpu_child.Program, spec: DefinedCase, plan: Plan) -> Optional[str]:
        case = self._open(spec, "candidate", plan)
        reference = case.bind("reference", self._reference, spec["reference"])
        try:
            for input_set in [0, *range(len(case.hard_names) + 1)]:
                check(case, case.bind("candidate", program, plan), reference, self._terms, input_set)
        except CandidateFailure as failure:
            return failure.outcome["verdict"]
        except DeviceFault:
            return "crashed"
        except LaunchRejected:
            return "plan_error"
        return None

    def _open(self, spec: DefinedCase, side: str, plan: Plan) -> CpuCase:
        return self._device.open_once(spec, {"reference": spec["reference"]["scratch"], side: plan["scratch"]})

    def _compiled(self, unit: SideUnit, what: str) -> Artifact:
        if unit["language"] == "python":
            raise InfraFailure("internal", f"{what} is a program, and there is no GPU to record it on")
        name = hashlib.sha256(json.dumps(unit, sort_keys=True).encode()).hexdigest()
        folder = self._cache / "artifacts" / name
        folder.mkdir(parents=True, exist_ok=True)
        built = compile_c(find_gcc(), unit, str(folder))
        if not (folder / "code.so").exists():
            raise InfraFailure("internal", f"{what} does not compile:\n{getattr(built, 'log', '').strip() or built}"[:2000])
        (folder / "meta.json").write_text(json.dumps({"language": "c", "kernels": {}}))
        return open_artifact(self._cache, name)
