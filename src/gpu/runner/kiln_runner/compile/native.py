"""Which compiler makes code of a source, in the process that is confined for it. NVRTC is loaded with the first cuda unit and stays warm."""
import os
from functools import partial
from typing import Optional

from kiln_runner.compile.c_gcc import compile_c
from kiln_runner.compile.cuda import compile_nvcc, compile_nvrtc
from kiln_runner.compile.nvrtc import Nvrtc
from kiln_runner.compile.precompiled import PrecompiledHeaders
from kiln_runner.compile.tools import Tools
from kiln_runner.compile.units import Built, Infra, KernelCompiler
from kiln_runner.protocol import KernelUnit, Language

_KNOWN = {
    "c": "#include <math.h>\n#include <stdint.h>\nint32_t known(int32_t x) { return x + N; }\n",
    "cuda": 'extern "C" __global__ void known(float* x) { x[threadIdx.x] = N; }\n',
}


def known_unit(language: Language, architecture: str) -> KernelUnit:
    """A source of ours: a compiler that refuses it lacks something itself."""
    return {
        "language": language, "source": _KNOWN[language], "params": {"N": 1}, "architecture": architecture, "kernels": [], "numWarps": None,
        "numStages": None,
    }


class Toolchain:
    """`kept`: a folder that stays from source to source, for what sources have in common."""

    def __init__(self, tools: Tools, kept: str) -> None:
        self._tools = tools
        self._kept = kept
        self._cuda: Optional[KernelCompiler] = None
        self._is_tried = False

    def compiler(self, language: str) -> KernelCompiler:
        if language == "c" and self._tools["gcc"]:
            return partial(compile_c, self._tools["gcc"]["path"])
        if language == "cuda":
            self._cuda = self._cuda or self._make_cuda()
            return self._cuda
        return partial(_missing, language)

    def _compile_nvcc(self, nvcc: str, unit: KernelUnit, folder: str) -> Built:
        """nvcc is many programs: whether they find each other behind the walls is tried before the first source."""
        if not self._is_tried:
            known = compile_nvcc(nvcc, known_unit("cuda", unit["architecture"]), folder)
            if "known" not in known.kernels:
                raise Infra("compiler_missing", f"nvcc does not compile a known source on this host: {known.log[:500]}")
            self._is_tried = True
        return compile_nvcc(nvcc, unit, folder)

    def _make_cuda(self) -> KernelCompiler:
        if self._tools["nvrtc"]:
            nvrtc = Nvrtc(self._tools["nvrtc"]["path"], self._tools["nvrtc"]["includes"])
            os.makedirs(self._kept, mode=0o700, exist_ok=True)
            return partial(compile_nvrtc, PrecompiledHeaders(nvrtc, self._kept))
        if self._tools["nvcc"]:
            return partial(self._compile_nvcc, self._tools["nvcc"]["path"])
        return partial(_missing, "cuda")


def _missing(language: str, _unit: KernelUnit, _folder: str) -> Built:
    raise Infra("compiler_missing", f"this host has no compiler for {language}")
