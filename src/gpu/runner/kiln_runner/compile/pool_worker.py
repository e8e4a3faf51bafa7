"""The pool's side of one compile worker process."""
import shutil
import tempfile
from typing import Callable, cast

from kiln_runner.compile.compilers import Compilers
from kiln_runner.compile.worker_frames import WorkerAnswer
from kiln_runner.frames import Frame
from kiln_runner.identity import child_environment
from kiln_runner.process import ChildProcess, Children, Command
from kiln_runner.protocol import CompileUnit

# NVRTC keeps what it has seen: a worker is replaced before that matters.
COMPILES_MAX = 5000
# Workers that have something imported sweep up after a source that they end; they take seconds to start and import anew.
SELF_LIMIT_GRACE_S = 3.0


class PoolWorker:
    def __init__(
        self, children: Children, compilers: Compilers, kind: str,
        on_done: Callable[["PoolWorker", WorkerAnswer], None], on_death: Callable[["PoolWorker", int], None],
    ) -> None:
        self.kind = kind
        self._compilers = compilers
        self._tools = compilers.tools
        self._on_done = on_done
        self._on_death = on_death
        self._compiles = 0
        # Its own, so that what a killed compiler leaves goes with its worker.
        self._work = tempfile.mkdtemp(prefix="worker-", dir=compilers.work)
        # No GPU may be visible: a context made here would take the driver's time from the judges.
        environment = child_environment(CUDA_VISIBLE_DEVICES="", TMPDIR=self._work)
        command = Command(compilers.worker_command(kind), environment, self._work)
        self._process = ChildProcess(children, command, self._on_frame, self._on_exit)
        self._process.send({"type": "tools", **self._tools})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def worn_out(self) -> bool:
        return self._compiles >= COMPILES_MAX or self._tools != self._compilers.tools

    @property
    def last_words(self) -> str:
        return self._process.stderr_tail

    @property
    def grace_s(self) -> float:
        """How long after a run's limit the pool waits for the worker to end it, before it kills the worker."""
        return 0.0 if self.kind == "native" else SELF_LIMIT_GRACE_S

    def compile(self, artifact: str, unit: CompileUnit, compiler: str, limit_ms: float) -> None:
        self._compiles += 1
        self._process.send({
            "type": "compile", "artifact": artifact, "unit": unit, "compiler": compiler,
            "artifacts": str(self._compilers.artifacts), "work": self._work, "limitMs": limit_ms,
            "unconfined": self._compilers.unconfined,
        })

    def kill(self) -> None:
        self._process.kill()

    def _on_frame(self, frame: Frame) -> None:
        self._on_done(self, cast(WorkerAnswer, frame.header))

    def _on_exit(self, code: int) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        self._on_death(self, code)
