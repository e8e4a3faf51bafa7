"""A compile worker: a warm process that sees no GPU and compiles one unit after another.

stdin: {type:"tools", gcc, nvrtc, nvcc, triton} once, then {type:"compile", artifact, unit, compiler, artifacts, work, limitMs, hidden}.
stdout: {type:"done", status:"compiled"|"failed"|"timed_out"|"infra", …} for each. The end of stdin ends it.
"""
import os
import sys
import tempfile
from functools import partial
from typing import BinaryIO, Callable, List, Optional

from kiln_runner.compile.units import Built, Compiler, Infra, compile_unit
from kiln_runner.frames import encode, read_frame

# Compiling must not take the processor from judges and their timers.
NICENESS = 10


class Toolchain:
    """The compilers of this host; NVRTC is loaded when the first cuda unit comes and stays warm."""

    def __init__(self, tools: dict) -> None:
        self._tools = tools
        self._cuda: Optional[Compiler] = None

    def compiler(self, language: str) -> Compiler:
        if language == "c" and self._tools["gcc"]:
            from kiln_runner.compile.c_gcc import compile_c

            return partial(compile_c, self._tools["gcc"]["path"])
        if language == "cuda":
            self._cuda = self._cuda or self._make_cuda()
            return self._cuda
        return partial(_missing, language)

    def _make_cuda(self) -> Compiler:
        from kiln_runner.compile.cuda import compile_nvcc, compile_nvrtc
        from kiln_runner.compile.nvrtc import Nvrtc
        from kiln_runner.compile.precompiled import PrecompiledHeaders

        if self._tools["nvrtc"]:
            nvrtc = Nvrtc(self._tools["nvrtc"]["path"], self._tools["nvrtc"]["includes"])
            # The worker's own folder: it goes with the worker.
            return partial(compile_nvrtc, PrecompiledHeaders(nvrtc, tempfile.gettempdir()))
        if self._tools["nvcc"]:
            return partial(compile_nvcc, self._tools["nvcc"]["path"])
        return partial(_missing, "cuda")


def run(_argv: List[str]) -> int:
    serve_units(_compilers_of)
    return 0


def _compilers_of(tools: dict) -> Callable[[dict], Compiler]:
    toolchain = Toolchain(tools)
    return lambda job: toolchain.compiler(job["unit"]["language"])


def serve_units(compilers_of: Callable[[dict], Callable[[dict], Compiler]]) -> None:
    """Answers frames until stdin ends. `compilers_of(tools)` gives what chooses the compiler of a job."""
    frames_out = _keep_stdout_for_frames()
    os.nice(NICENESS)
    choose: Optional[Callable[[dict], Compiler]] = None
    while True:
        frame = read_frame(sys.stdin.buffer)
        if frame is None:
            return
        header = frame[0]
        if header["type"] == "tools":
            choose = compilers_of(header)
        elif choose is not None:
            frames_out.write(encode({"type": "done", **compile_unit(header, choose(header))}))


def _keep_stdout_for_frames() -> BinaryIO:
    """Nothing a compiler prints may get between the frames: fd 1 becomes fd 2."""
    frames_out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return frames_out


def _missing(language: str, _unit: dict, _folder: str) -> Built:
    raise Infra("compiler_missing", f"this host has no compiler for {language}")
