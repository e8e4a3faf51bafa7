"""The pool's side of one compile worker process."""
import shutil
import tempfile
from typing import TYPE_CHECKING, Callable, Optional

from kiln_runner.compile.compilers import Compilers
from kiln_runner.frames import Frame
from kiln_runner.identity import child_environment, self_command
from kiln_runner.process import Children, ChildProcess

if TYPE_CHECKING:
    from kiln_runner.compile.pool import Run

# NVRTC keeps what it has seen: a worker is replaced before that matters.
COMPILES_MAX = 5000


class PoolWorker:
    def __init__(
        self, children: Children, compilers: Compilers,
        on_done: Callable[["PoolWorker", dict], None], on_death: Callable[["PoolWorker", int], None],
    ) -> None:
        self.run: "Optional[Run]" = None
        self._compilers = compilers
        self._on_done = on_done
        self._on_death = on_death
        self._compiles = 0
        # Its own, so that what a killed compiler leaves goes with its worker.
        self._work = tempfile.mkdtemp(prefix="worker-", dir=compilers.work)
        self._process = ChildProcess(children, self._on_frame, self._on_exit)
        # No GPU may be visible: a context made here would take the driver's time from the judges.
        environment = child_environment(CUDA_VISIBLE_DEVICES="", TMPDIR=self._work)
        self._process.start(self_command("compile-worker"), environment, self._work)
        self._process.send({"type": "tools", **compilers.tools})

    @property
    def worn_out(self) -> bool:
        return self._compiles >= COMPILES_MAX

    @property
    def last_words(self) -> str:
        return self._process.stderr_tail

    def compile(self, artifact: str, unit: dict, compiler: Optional[str]) -> None:
        self._compiles += 1
        self._process.send({
            "type": "compile", "artifact": artifact, "unit": unit, "compiler": compiler,
            "artifacts": str(self._compilers.artifacts), "work": self._work,
        })

    def kill(self) -> None:
        self._process.kill()

    def _on_frame(self, frame: Frame) -> None:
        self._on_done(self, frame.header)

    def _on_exit(self, code: int) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        self._on_death(self, code)
