"""A zygote as a child process, for tests: a Python and folders of modules of our own stand for an environment."""
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

from kiln_runner.frames import encode, read_frame
from kiln_runner.programs.zygote_frames import ENDED_BYTES_MAX

RUNNER = Path(__file__).resolve().parents[3] / "src/gpu/runner"
# One that other users may run: it may be below root's home otherwise.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
BOUNDS: dict[str, Any] = {"limit_s": 600.0, "memory_bytes": 512 * 1024 * 1024}


class ZygoteProcess:
    def __init__(self, modules: str, imports: list[str], recorder: str = "", **variables: str) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{RUNNER}:{modules}", **variables}
        environment.pop("KILN_RUNNER_PID", None)
        command = [PYTHON, "-m", "kiln_runner", "program-zygote", "--imports", ",".join(imports)]
        command += ["--recorder", recorder] if recorder else []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd="/")
        self.ready = self.next()[0]

    def ask(
        self, name: str, task: str, asked: Any, level: str, bounds: Optional[dict[str, Any]] = None, artifact: Optional[str] = None, **more: Any,
    ) -> None:
        """`more`: fields of the frame that may be left out."""
        assert self.process.stdin is not None
        frame = {
            "type": "run", "id": name, "task": task, "asked": asked, "level": level, "bounds": {**BOUNDS, **(bounds or {})},
            "artifact": artifact, "nodes": [], **more,
        }
        self.process.stdin.write(encode(frame))
        self.process.stdin.flush()

    def stop(self, name: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode({"type": "stop", "id": name}))
        self.process.stdin.flush()

    def next(self) -> tuple[dict, bytes]:
        assert self.process.stdout is not None
        frame = read_frame(self.process.stdout, ENDED_BYTES_MAX)
        assert frame is not None, "the zygote ended"
        return frame

    def close(self) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(600)
        self.process.stdout.close()
        return code
