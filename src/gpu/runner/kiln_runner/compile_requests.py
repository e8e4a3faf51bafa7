"""Units that the daemon asks to have compiled. Each is answered by one `compiled` frame, unless its connection ends before."""
from typing import Callable

from kiln_runner.compile.pool import CompilePool
from kiln_runner.frames import Frame
from kiln_runner.protocol import CompileResult, NotCompiled
from kiln_runner.protocol_frames import CancelCompile, Compile, FromRunner


class CompileRequests:
    """`found_full`: a compiler found no space on the disk. `builds_program`: of this environment."""

    def __init__(
        self, pool: CompilePool, send: Callable[[FromRunner], None], found_full: Callable[[], None], builds_program: Callable[[str], None]
    ) -> None:
        self._pool, self._send, self._found_full, self._builds_program = pool, send, found_full, builds_program
        self._ids: dict[str, None] = {}

    def on_compile(self, header: Compile, _frame: Frame) -> None:
        compile_id = header["compileId"]
        self._ids[compile_id] = None
        unit = header["unit"]
        if unit["language"] == "python":
            self._builds_program(unit["environment"])
        self._pool.compile(compile_id, unit, header["limitMs"], lambda result: self._on_compiled(compile_id, result))

    def on_cancel(self, header: CancelCompile, _frame: Frame) -> None:
        if self._pool.cancel(header["compileId"]):
            self._on_compiled(header["compileId"], cancelled())

    def forget(self) -> None:
        """The daemon asks again after each hello for what it still wants."""
        forgotten = list(self._ids)
        self._ids.clear()
        self._pool.forget(forgotten)

    def _on_compiled(self, compile_id: str, result: CompileResult) -> None:
        self._ids.pop(compile_id, None)
        if result["status"] == "infra" and result["failure"]["code"] == "out_of_disk":
            self._found_full()
        self._send({"type": "compiled", "compileId": compile_id, "result": result})


def cancelled() -> NotCompiled:
    return {"status": "failed", "outcome": {"verdict": "cancelled"}, "durationMs": 0, "compiler": ""}
