"""Problems the daemon has defined, and their reference and baseline, compiled when the first task of a problem comes.

A problem is defined -> preparing -> prepared, or unpreparable: then its tasks fail, and it is tried again with the next task. Programs among its
sides are recorded, for each model of devices by itself; one that is both sides is recorded for each, on inputs that are drawn anew, so that the
judge sees where the two differ. What a program does wrong is not tried again for a while: each time would hold a device.
"""
import time
from collections import OrderedDict
from typing import Callable, Optional, Union

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.pool import CompilePool
from kiln_runner.devices.own_programs import Making, Wanted, make_own_program
from kiln_runner.devices.slot_events import Prepared, Preparing, Unpreparable
from kiln_runner.devices.task import infra_of
from kiln_runner.frames import encode
from kiln_runner.programs.record_run import Asked
from kiln_runner.protocol import CompileResult, Infra, InfraFailure, NotCompiled, ProblemDefinition, SideUnit
from kiln_runner.protocol_programs import OwnSide

PROBLEMS_MAX = 512
COMPILE_LIMIT_MS = 120_000
# Until a program that could not be recorded, or whose recording did not work, is tried again.
REFUSED_S = 600.0
LOG_LINES_SHOWN = 8
ROLES: tuple[OwnSide, ...] = ("reference", "baseline", "inputs", "verify")
# What is no reference and no baseline, in words for people; what fails of it is told as of the reference.
WORDS: dict[OwnSide, str] = {"inputs": "program that derives the inputs", "verify": "program that checks the outputs"}
# Of a problem whose sides are the same on every device.
ANY_MODEL = ""


class _Sides:
    """Of one problem on one model."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.state: Optional[Union[Preparing, Prepared, Unpreparable]] = None
        self.artifacts: dict[str, str] = {}
        self.refused_s: Optional[float] = None
        self.renewed_s: Optional[float] = None

    @property
    def is_refused(self) -> bool:
        return _is_recent(self.refused_s)

    @property
    def is_renewed(self) -> bool:
        """It was recorded anew not long ago."""
        return self.model != ANY_MODEL and _is_recent(self.renewed_s)


class _Problem:
    def __init__(self, definition: ProblemDefinition) -> None:
        self.definition = definition
        self.by_model: dict[str, _Sides] = {}

    @property
    def roles(self) -> list[OwnSide]:
        return [role for role in ROLES if role in self.definition]

    def sides(self, model: str) -> _Sides:
        place = model if any(_is_program(self.definition, role) for role in self.roles) else ANY_MODEL
        return self.by_model.setdefault(place, _Sides(place))


class ProblemRegistry:
    """`record`: RecordRequests', which is made after this."""

    def __init__(
        self, pool: CompilePool, cache: ArtifactCache, on_settled: Callable[[], None], record: Callable[[Asked], None]
    ) -> None:
        self._pool, self._cache, self._on_settled = pool, cache, on_settled
        self._making = Making(pool.compile, record)
        self._problems: OrderedDict[str, _Problem] = OrderedDict()

    @property
    def keys(self) -> list[str]:
        return list(self._problems)

    def define(self, definition: ProblemDefinition) -> None:
        if definition["key"] in self._problems:
            return
        self._problems[definition["key"]] = _Problem(definition)
        if len(self._problems) > PROBLEMS_MAX:
            # The daemon sends it again when a task of it comes back with `unknown_problem`.
            _, oldest = self._problems.popitem(last=False)
            for sides in oldest.by_model.values():
                self._unpin(sides)

    def definition(self, key: str) -> Optional[ProblemDefinition]:
        problem = self._problems.get(key)
        return problem.definition if problem else None

    def prepare(self, key: str, model: str) -> None:
        """Starts compiling what the problem needs on that model, unless that is done or under way."""
        problem = self._problems.get(key)
        if problem is None:
            return
        sides = problem.sides(model)
        if isinstance(sides.state, (Preparing, Prepared)) or sides.is_refused:
            return
        sides.state = Preparing()
        self._unpin(sides)
        for role in problem.roles:
            self._make(problem, sides, role)

    def renew(self, key: str) -> None:
        """Something that its judge was given does not work: reference and baseline are compiled again for the next task."""
        problem = self._problems.get(key)
        for sides in problem.by_model.values() if problem else ():
            if isinstance(sides.state, Prepared) and not sides.is_renewed:
                sides.renewed_s = time.monotonic()
                for artifact in sides.artifacts.values():
                    self._cache.discard(artifact)
                self._reset(sides)

    def renew_all(self) -> None:
        """The host has other compilers now: reference and baseline are compiled as candidates are. What is in the cache stays."""
        for problem in self._problems.values():
            for sides in problem.by_model.values():
                sides.refused_s = sides.renewed_s = None
                if isinstance(sides.state, Prepared):
                    self._reset(sides)

    def state(self, key: str, model: str) -> Union[Preparing, Prepared, Unpreparable]:
        problem = self._problems.get(key)
        if problem is None:
            return Unpreparable(infra_of("unknown_problem", f"problem {key} was not defined on this connection"))
        self._problems.move_to_end(key)
        sides = problem.sides(model)
        if sides.state is None:
            self.prepare(key, model)
        return sides.state or Preparing()

    def _make(self, problem: _Problem, sides: _Sides, role: OwnSide) -> None:
        unit, ask_id = _unit_of(problem.definition, role), f"{role} of {problem.definition['key']} on {sides.model}"

        def told(result: CompileResult) -> None:
            self._on_made(problem, sides, role, result)

        if unit["language"] == "python":
            make_own_program(self._making, Wanted(ask_id, unit, sides.model, COMPILE_LIMIT_MS), told)
        else:
            self._pool.compile(ask_id, unit, COMPILE_LIMIT_MS, told)

    def _on_made(self, problem: _Problem, sides: _Sides, role: OwnSide, result: CompileResult) -> None:
        if result["status"] == "compiled":
            sides.artifacts[role] = result["artifact"]
            self._cache.pin(result["artifact"])
            if len(sides.artifacts) < len(problem.roles) or not isinstance(sides.state, Preparing):
                return
            sides.state = Prepared(_frame_of(problem, sides))
        else:
            if result["status"] == "failed" and _is_program(problem.definition, role):
                sides.refused_s = time.monotonic()
            sides.state = Unpreparable(_failure(problem, role, result))
        self._on_settled()

    def _reset(self, sides: _Sides) -> None:
        self._unpin(sides)
        sides.state = None

    def _unpin(self, sides: _Sides) -> None:
        for artifact in sides.artifacts.values():
            self._cache.unpin(artifact)
        sides.artifacts = {}


def _is_recent(at_s: Optional[float]) -> bool:
    return at_s is not None and time.monotonic() - at_s < REFUSED_S


def _is_program(definition: ProblemDefinition, role: OwnSide) -> bool:
    return _unit_of(definition, role)["language"] == "python"


def _unit_of(definition: ProblemDefinition, role: OwnSide) -> SideUnit:
    if role == "inputs":
        assert "inputs" in definition, "nothing is derived"
        return definition["inputs"]
    if role == "verify":
        assert "verify" in definition, "it has no check of its own"
        return definition["verify"]
    return definition[role]


def _frame_of(problem: _Problem, sides: _Sides) -> bytes:
    return encode({"type": "problem", "definition": problem.definition, **{f"{role}Artifact": sides.artifacts[role] for role in problem.roles}})


def _failure(problem: _Problem, role: OwnSide, result: Union[NotCompiled, Infra]) -> InfraFailure:
    if result["status"] == "infra":
        return result["failure"]
    outcome = result["outcome"]
    name = f"the {WORDS.get(role, role)} of {problem.definition['name']}"
    code = f"{'reference' if role in WORDS else role}_failed"
    if _is_program(problem.definition, role) and (outcome["verdict"] == "contract" or outcome["verdict"] == "crashed"):
        case = f", case {outcome['case']}" if outcome["case"] else ""
        return infra_of(code, f"{name} cannot be recorded here{case}: {_last_lines(outcome['message'])}")
    log = outcome.get("log") or f"{outcome['verdict']} after {result['durationMs']:.0f} ms"
    first_lines = "\n".join(log.splitlines()[:LOG_LINES_SHOWN])
    return infra_of(code, f"{name} does not compile here: {first_lines}")


def _last_lines(message: str) -> str:
    """Where the program's own lines are, and what was raised."""
    return "\n".join(message.strip().splitlines()[-LOG_LINES_SHOWN:])
