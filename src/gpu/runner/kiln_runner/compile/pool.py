"""The compile pool: a first come, first served queue in front of a fixed number of warm workers.

One run an artifact: compiles of the same content share it. A run lives from the first `compile` of its content to its result;
it is dropped when everybody who asked has cancelled. States of a run: queued -> running (has a worker) -> told to all who asked.
"""
import time
from collections import OrderedDict
from typing import Callable, Optional

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.compile.artifact import ArtifactMeta, artifact_hash
from kiln_runner.compile.compilers import Compilers
from kiln_runner.compile.pool_worker import PoolWorker
from kiln_runner.compile.worker_frames import WorkerAnswer
from kiln_runner.ends import by_somebody
from kiln_runner.process import Children
from kiln_runner.protocol import Compiled, CompileResult, CompileUnit, Infra, NotCompiled
from kiln_runner.protocol_outcomes import CompileOutcome
from kiln_runner.time_limit import TimeLimit

QUEUED_MAX = 50_000
WORKER_DEATHS_MAX = 2
# Of its limit, for a compile to have taken too long: looks at its time are coarse.
HAD_SHARE_LEAST = 0.8
OnCompiled = Callable[[CompileResult], None]


class Run:
    def __init__(self, artifact: str, unit: CompileUnit, limit_ms: float) -> None:
        self.artifact = artifact
        self.unit = unit
        self.limit_ms = limit_ms
        self.asked: dict[str, OnCompiled] = {}
        self.worker: Optional[PoolWorker] = None
        self.limit: Optional[TimeLimit] = None
        self.started_ns = 0
        self.deaths = 0


class CompilePool:
    """`compile` answers through a callback with a CompileResult of the protocol, at once when the artifact is there."""

    def __init__(self, children: Children, cache: ArtifactCache, compilers: Compilers, slots: int) -> None:
        self._children = children
        self._loop = children.loop
        self._cache = cache
        self._compilers = compilers
        self._slots = slots
        self._workers: list[PoolWorker] = []
        self._at_work: dict[PoolWorker, Run] = {}
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._queue: OrderedDict[str, Run] = OrderedDict()
        self._asked: dict[str, Run] = {}
        self._stopped = False

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def running(self) -> int:
        return len(self._runs) - len(self._queue)

    def compile(self, ask_id: str, unit: CompileUnit, limit_ms: float, on_compiled: OnCompiled) -> None:
        """An `ask_id` that is being compiled already is left as it is."""
        if ask_id in self._asked:
            return
        compiler = self._compilers.version(unit)
        if compiler is None:
            on_compiled(infra("compiler_missing", self._compilers.fix(unit)))
            return
        artifact = artifact_hash(unit, compiler)
        meta = self._cache.meta(artifact)
        if meta is not None:
            on_compiled(compiled(artifact, meta, cached=True, duration_ms=0))
        elif self._compilers.simulates(unit):
            on_compiled(self._simulate(artifact, unit))
        else:
            self._ask(ask_id, artifact, unit, limit_ms, on_compiled)

    def cancel(self, ask_id: str) -> bool:
        """False when it was not being compiled. A run nobody waits for any more is dropped, its worker killed."""
        run = self._asked.pop(ask_id, None)
        if run is None:
            return False
        del run.asked[ask_id]
        if not run.asked:
            self._drop(run)
        return True

    def forget(self, ask_ids: list[str]) -> None:
        """The asker is gone. What runs goes on and fills the cache; what is queued for nobody else is dropped."""
        for ask_id in ask_ids:
            run = self._asked.pop(ask_id, None)
            if run is not None:
                del run.asked[ask_id]
                if not run.asked and run.worker is None:
                    self._drop(run)

    def stop(self) -> None:
        self._stopped = True
        for worker in self._workers:
            worker.kill()

    def warm(self, count: int) -> None:
        """Starts up to `count` workers before there is work."""
        while len(self._workers) < min(count, self._slots):
            self._add_worker("native")

    def retool(self) -> None:
        """The host has other compilers now. What another one would have made is asked for anew; workers that know the old ones go, those
        at work with what they do."""
        for run in [run for run in self._runs.values() if self._is_outdated(run)]:
            asked, run.asked = run.asked, {}
            self._drop(run)
            for ask_id, on_compiled in asked.items():
                del self._asked[ask_id]
                self.compile(ask_id, run.unit, run.limit_ms, on_compiled)
        for worker in [worker for worker in self._workers if worker not in self._at_work and worker.worn_out]:
            self._replace(worker)

    def _is_outdated(self, run: Run) -> bool:
        compiler = self._compilers.version(run.unit)
        return compiler is None or artifact_hash(run.unit, compiler) != run.artifact

    def _ask(self, ask_id: str, artifact: str, unit: CompileUnit, limit_ms: float, on_compiled: OnCompiled) -> None:
        run = self._runs.get(artifact)
        if run is None:
            if len(self._queue) >= QUEUED_MAX:
                on_compiled(infra("internal", f"the compile queue holds {QUEUED_MAX} units already"))
                return
            run = self._runs[artifact] = self._queue[artifact] = Run(artifact, unit, limit_ms)
        run.asked[ask_id] = on_compiled
        self._asked[ask_id] = run
        self._pump()

    def _simulate(self, artifact: str, unit: CompileUnit) -> CompileResult:
        try:
            self._compilers.simulate(artifact, unit)
        except OSError as error:
            return infra("out_of_disk", f"{error}")
        self._cache.added(artifact)
        return self._kept(artifact, 0)

    def _pump(self) -> None:
        """Idle workers of another kind stay warm and take no slot: only those at work do."""
        while self._queue and not self._stopped and len(self._at_work) < self._slots:
            _, run = self._queue.popitem(last=False)
            kind = self._compilers.worker_kind(run.unit)
            idle = next((worker for worker in self._workers if worker not in self._at_work and worker.kind == kind), None)
            self._start(run, idle or self._add_worker(kind))

    def _add_worker(self, kind: str) -> PoolWorker:
        worker = PoolWorker(self._children, self._compilers, kind, self._on_done, self._on_death)
        self._workers.append(worker)
        return worker

    def _start(self, run: Run, worker: PoolWorker) -> None:
        run.worker = worker
        self._at_work[worker] = run
        run.started_ns = time.monotonic_ns()
        limit_s = run.limit_ms / 1000 + worker.grace_s
        run.limit = TimeLimit(self._loop, worker.pid, limit_s, lambda why: self._over_limit(run, worker, why))
        worker.compile(run.artifact, run.unit, self._compilers.version(run.unit) or "", run.limit_ms)

    def _over_limit(self, run: Run, worker: PoolWorker, why: Optional[str]) -> None:
        """Time that the compiler did not get is no fault of the source's."""
        late = f"the compiler did not get its time: {why}"
        self._tell(run, self._timed_out(run) if why is None else infra("suspended", late))
        self._replace(worker)

    def _timed_out(self, run: Run) -> NotCompiled:
        return self._failed(run, {"verdict": "timed_out", "stage": "compile", "case": "", "limitMs": run.limit_ms})

    def _on_done(self, worker: PoolWorker, answer: WorkerAnswer) -> None:
        run = self._at_work.get(worker)
        if run is None:
            return
        result = self._result(run, answer)
        del self._at_work[worker]
        self._tell(run, result)
        if worker.worn_out:
            self._replace(worker)
        self._pump()

    def _result(self, run: Run, answer: WorkerAnswer) -> CompileResult:
        if answer["status"] == "infra":
            return infra(answer["code"], answer["message"])
        if answer["status"] == "timed_out":
            # By the worker's own clock, which goes on while it is stopped.
            had_s = run.limit.had_s() if run.limit is not None else 0.0
            short = f"the compiler did not get its time: {had_s:.1f} s of {run.limit_ms / 1000:g} s"
            return self._timed_out(run) if had_s >= run.limit_ms / 1000 * HAD_SHARE_LEAST else infra("suspended", short)
        if answer["status"] == "failed":
            return self._failed(run, {"verdict": "compile_error", "log": answer["log"]})
        self._cache.added(run.artifact)
        return self._kept(run.artifact, _since_ms(run.started_ns))

    def _kept(self, artifact: str, duration_ms: float) -> CompileResult:
        meta = self._cache.meta(artifact)
        if meta is None:
            return infra("internal", f"artifact {artifact} vanished after it was compiled")
        return compiled(artifact, meta, cached=False, duration_ms=duration_ms)

    def _on_death(self, worker: PoolWorker, code: int) -> None:
        """A compiler that crashes twice on one source crashes because of it; once may be chance."""
        if worker in self._workers:
            self._workers.remove(worker)
        run = self._at_work.pop(worker, None)
        if run is not None and run.artifact in self._runs:
            run.deaths += 1
            if run.deaths < WORKER_DEATHS_MAX:
                _stop_limit(run)
                run.worker = None
                self._queue[run.artifact] = run
                self._queue.move_to_end(run.artifact, last=False)
            else:
                self._tell(run, self._died(run, worker, code))
        self._pump()

    def _died(self, run: Run, worker: PoolWorker, code: int) -> CompileResult:
        if code >= 0:
            return infra("worker_died", f"the compile worker ended with {code} twice; its last words: {worker.last_words}")
        if by_somebody(code):
            words = f"the compile worker was ended by signal {-code} twice: by whoever saves memory on this host, or by somebody"
            return infra("compiler_failed", words)
        log = f"the compiler was ended by signal {-code} twice on this source"
        return self._failed(run, {"verdict": "compile_error", "log": log})

    def _failed(self, run: Run, outcome: CompileOutcome) -> NotCompiled:
        compiler = self._compilers.version(run.unit) or ""
        return {"status": "failed", "outcome": outcome, "durationMs": _since_ms(run.started_ns), "compiler": compiler}

    def _tell(self, run: Run, result: CompileResult) -> None:
        asked, run.asked = run.asked, {}
        self._drop(run, keep_worker=True)
        for ask_id, on_compiled in asked.items():
            del self._asked[ask_id]
            on_compiled(result)

    def _drop(self, run: Run, keep_worker: bool = False) -> None:
        self._runs.pop(run.artifact, None)
        self._queue.pop(run.artifact, None)
        _stop_limit(run)
        if run.worker is not None and not keep_worker:
            self._replace(run.worker)
        run.worker = None

    def _replace(self, worker: PoolWorker) -> None:
        """Out of the pool at once, so that the next run gets a fresh one while this one still dies."""
        self._at_work.pop(worker, None)
        if worker in self._workers:
            self._workers.remove(worker)
        worker.kill()
        self._pump()


def compiled(artifact: str, meta: ArtifactMeta, *, cached: bool, duration_ms: float) -> Compiled:
    result: Compiled = {
        "status": "compiled", "artifact": artifact, "cached": cached, "durationMs": duration_ms, "log": meta["log"],
        "compiler": meta["compiler"], "resources": meta["resources"],
    }
    if meta.get("finishesInRecorder"):
        result["finishesInRecorder"] = True
    return result


def infra(code: str, message: str) -> Infra:
    return {"status": "infra", "failure": {"code": code, "message": message}}


def _since_ms(start_ns: int) -> float:
    return (time.monotonic_ns() - start_ns) / 1e6


def _stop_limit(run: Run) -> None:
    if run.limit is not None:
        run.limit.cancel()
        run.limit = None
