"""Problems the daemon has defined, and their reference and baseline, compiled when the first task of a problem comes.

A problem is defined -> preparing -> prepared, or unpreparable: then its tasks fail, and it is tried again with the next task.
"""
from collections import OrderedDict
from typing import Callable, Optional, Union

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.pool import CompilePool
from kiln_runner.devices.slot_events import Prepared, Preparing, Unpreparable
from kiln_runner.devices.task import infra_of
from kiln_runner.frames import encode
from kiln_runner.protocol import CompileResult, Infra, InfraFailure, NotCompiled, ProblemDefinition

PROBLEMS_MAX = 512
COMPILE_LIMIT_MS = 120_000
LOG_LINES_SHOWN = 8
ROLES = ("reference", "baseline")


class _Problem:
    def __init__(self, definition: ProblemDefinition) -> None:
        self.definition = definition
        self.state: Optional[Union[Preparing, Prepared, Unpreparable]] = None
        self.artifacts: dict[str, str] = {}


class ProblemRegistry:
    def __init__(self, pool: CompilePool, cache: ArtifactCache, on_settled: Callable[[], None]) -> None:
        self._pool = pool
        self._cache = cache
        self._on_settled = on_settled
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
            self._unpin(oldest)

    def definition(self, key: str) -> Optional[ProblemDefinition]:
        problem = self._problems.get(key)
        return problem.definition if problem else None

    def prepare(self, key: str) -> None:
        """Starts compiling what the problem needs, unless that is done or under way."""
        problem = self._problems.get(key)
        if problem is None or isinstance(problem.state, (Preparing, Prepared)):
            return
        problem.state = Preparing()
        self._unpin(problem)
        for role in ROLES:
            ask_id = f"{role} of {key}"
            self._pool.compile(ask_id, problem.definition[role], COMPILE_LIMIT_MS, self._receiver(problem, role))

    def renew(self, key: str) -> None:
        """Something that its judge was given does not work: reference and baseline are compiled again for the next task."""
        problem = self._problems.get(key)
        if problem is None or not isinstance(problem.state, Prepared):
            return
        for artifact in problem.artifacts.values():
            self._cache.discard(artifact)
        self._unpin(problem)
        problem.state = None

    def renew_all(self) -> None:
        """The host has other compilers now: reference and baseline are compiled as candidates are. What is in the cache stays."""
        for problem in self._problems.values():
            if isinstance(problem.state, Prepared):
                self._unpin(problem)
                problem.state = None

    def state(self, key: str) -> Union[Preparing, Prepared, Unpreparable]:
        problem = self._problems.get(key)
        if problem is None:
            return Unpreparable(infra_of("unknown_problem", f"problem {key} was not defined on this connection"))
        self._problems.move_to_end(key)
        if problem.state is None:
            self.prepare(key)
        return problem.state or Preparing()

    def _receiver(self, problem: _Problem, role: str) -> Callable[[CompileResult], None]:
        return lambda result: self._on_compiled(problem, role, result)

    def _on_compiled(self, problem: _Problem, role: str, result: CompileResult) -> None:
        if result["status"] == "compiled":
            problem.artifacts[role] = result["artifact"]
            self._cache.pin(result["artifact"])
            if len(problem.artifacts) < len(ROLES) or not isinstance(problem.state, Preparing):
                return
            problem.state = Prepared(_frame_of(problem))
        else:
            problem.state = Unpreparable(_failure(problem, role, result))
        self._on_settled()

    def _unpin(self, problem: _Problem) -> None:
        for artifact in problem.artifacts.values():
            self._cache.unpin(artifact)
        problem.artifacts = {}


def _frame_of(problem: _Problem) -> bytes:
    return encode({
        "type": "problem", "definition": problem.definition,
        "referenceArtifact": problem.artifacts["reference"], "baselineArtifact": problem.artifacts["baseline"],
    })


def _failure(problem: _Problem, role: str, result: Union[NotCompiled, Infra]) -> InfraFailure:
    if result["status"] == "infra":
        return result["failure"]
    outcome = result["outcome"]
    log = outcome.get("log") or f"{outcome['verdict']} after {result['durationMs']:.0f} ms"
    first_lines = "\n".join(log.splitlines()[:LOG_LINES_SHOWN])
    return infra_of(f"{role}_failed", f"the {role} of {problem.definition['name']} does not compile here: {first_lines}")
