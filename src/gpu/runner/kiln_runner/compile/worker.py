"""A compile worker: sees no GPU, hands one unit after another to a confined process and puts what comes back into the cache.

stdin: {type:"tools", gcc, nvrtc, nvcc, triton} once, then {type:"compile", artifact, unit, compiler, artifacts, work, limitMs, unconfined}.
stdout: {type:"done", status:"compiled"|"failed"|"timed_out"|"infra", …} for each. The end of stdin ends it.
"""
import json
import os
import sys
import tempfile
from typing import BinaryIO, Callable, Optional, cast

from kiln_runner.compile.cell import Cell
from kiln_runner.compile.tools import Tools
from kiln_runner.compile.units import Compiler, compile_unit
from kiln_runner.compile.worker_frames import CompileJob
from kiln_runner.frames import encode, read_frame
from kiln_runner.protocol import KernelUnit

# Compiling must not take the processor from judges and their timers.
NICENESS = 10
# Which compiler a job is for.
Chooser = Callable[[CompileJob], Compiler]


def run(argv: list[str]) -> int:
    if argv[:1] == ["--probe"]:
        from kiln_runner.compile.known import probe

        print(json.dumps(probe()), flush=True)
        return 0
    serve_units(_compilers_of)
    return 0


def _compilers_of(tools: Tools) -> Chooser:
    # The worker's own folder: it goes with the worker.
    cell = Cell(tools, tempfile.gettempdir())
    cell.warm()
    return lambda job: lambda unit, _folder: cell.compile(cast(KernelUnit, unit), may_be_open=job["unconfined"])


def serve_units(compilers_of: Callable[[Tools], Chooser]) -> None:
    """Answers frames until stdin ends. `compilers_of(tools)` gives what chooses the compiler of a job."""
    frames_out = _keep_stdout_for_frames()
    os.nice(NICENESS)
    choose: Optional[Chooser] = None
    while True:
        frame = read_frame(sys.stdin.buffer)
        if frame is None:
            return
        header = frame[0]
        if header["type"] == "tools":
            choose = compilers_of(cast(Tools, header))
        elif choose is not None:
            job = cast(CompileJob, header)
            frames_out.write(encode({"type": "done", **compile_unit(job, choose(job))}))


def _keep_stdout_for_frames() -> BinaryIO:
    """Nothing a compiler prints may get between the frames: fd 1 becomes fd 2."""
    frames_out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return frames_out
