"""CUDA C++ to a cubin through NVRTC, in this process. For compile workers only: a process that has used NVRTC makes no judge."""
import ctypes
import glob
import os
from collections.abc import Sequence
from typing import NamedTuple, Optional

from kiln_runner.protocol import Params

_SUCCESS = 0
_COMPILATION = 6
_INVALID_OPTION = 5


class Compiled(NamedTuple):
    """`cubin` None: the source does not compile. `lowered`: C++ name -> name in the code."""

    cubin: Optional[bytes]
    log: str
    lowered: dict[str, str]


class NvrtcFailure(Exception):
    """NVRTC itself failed (not the source): a broken installation, no memory. `is_of_options`: it does not know the architecture."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.is_of_options = code == _INVALID_OPTION


class Nvrtc:
    """One loaded libnvrtc. `library` is its path, `includes` the folders with cuda_fp16.h and its like."""

    def __init__(self, library: str, includes: list[str]) -> None:
        # NVRTC opens its builtins by name, which fails for wheels outside the loader's path unless they are loaded already.
        for builtins in sorted(glob.glob(os.path.join(os.path.dirname(library), "libnvrtc-builtins.so*"))):
            ctypes.CDLL(builtins, mode=ctypes.RTLD_GLOBAL)
        self._lib = ctypes.CDLL(library)
        self._lib.nvrtcGetErrorString.restype = ctypes.c_char_p
        self.includes = includes

    @property
    def precompiles(self) -> bool:
        """True from NVRTC 12.8 on."""
        return hasattr(self._lib, "nvrtcGetPCHCreateStatus")

    def version(self) -> tuple[int, int]:
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._check(self._lib.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)), "nvrtcVersion")
        return major.value, minor.value

    def architectures(self) -> list[int]:
        """Compute capabilities it can compile for, such as 90."""
        count = ctypes.c_int()
        self._check(self._lib.nvrtcGetNumSupportedArchs(ctypes.byref(count)), "nvrtcGetNumSupportedArchs")
        values = (ctypes.c_int * count.value)()
        self._check(self._lib.nvrtcGetSupportedArchs(values), "nvrtcGetSupportedArchs")
        return list(values)

    def compile(self, source: str, options: list[str], names: Sequence[str] = ()) -> "Compiled":
        """`names`: C++ names of kernels, such as "add<float, 4>", that are to be made and whose names in the code are to be told."""
        program = ctypes.c_void_p()
        created = self._lib.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"candidate.cu", 0, None, None)
        self._check(created, "nvrtcCreateProgram")
        try:
            for name in names:
                # One that is no name shows when the program is compiled.
                self._check(self._lib.nvrtcAddNameExpression(program, name.encode()), f"nvrtcAddNameExpression({name})")
            return self._compile(program, names, options + [f"--include-path={folder}" for folder in self.includes])
        finally:
            self._lib.nvrtcDestroyProgram(ctypes.byref(program))

    def _compile(self, program: ctypes.c_void_p, names: Sequence[str], options: list[str]) -> "Compiled":
        values = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
        code = self._lib.nvrtcCompileProgram(program, len(options), values)
        log = self._text(program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
        if code == _COMPILATION:
            return Compiled(None, log, {})
        self._check(code, f"nvrtcCompileProgram: {log[:500]}")
        return Compiled(self._text(program, "CUBIN"), log, {name: self._lowered(program, name) for name in names})

    def _lowered(self, program: ctypes.c_void_p, name: str) -> str:
        lowered = ctypes.c_char_p()
        self._check(self._lib.nvrtcGetLoweredName(program, name.encode(), ctypes.byref(lowered)), f"nvrtcGetLoweredName({name})")
        return (lowered.value or b"").decode()

    def _text(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        self._check(getattr(self._lib, f"nvrtcGet{what}Size")(program, ctypes.byref(size)), what)
        buffer = ctypes.create_string_buffer(size.value)
        self._check(getattr(self._lib, f"nvrtcGet{what}")(program, buffer), what)
        return buffer.raw

    def _check(self, code: int, what: str) -> None:
        if code != _SUCCESS:
            raise NvrtcFailure(f"{what}: {self._lib.nvrtcGetErrorString(code).decode()}", code)


def nvrtc_options(architecture: str) -> list[str]:
    # ptxas -v tells registers, shared memory and spills of each kernel in the log.
    return [f"--gpu-architecture={architecture}", "--std=c++17", "--ptxas-options=-v"]


def defines(params: Params) -> list[str]:
    return [f"--define-macro={name}={value}" for name, value in params.items()]
