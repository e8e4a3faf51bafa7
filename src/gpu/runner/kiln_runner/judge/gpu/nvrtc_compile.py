"""Compiles one CUDA source to a cubin: `python3 -c THIS LIBNVRTC ARCHITECTURE SOURCE TARGET`, in a process of its own.

A process that has used NVRTC cannot be trusted to open a device afterwards, so the judge never loads it.
"""
import ctypes
import sys
from typing import Callable


def compile_cubin(library: str, architecture: str, source: bytes) -> bytes:
    lib = ctypes.CDLL(library)
    program = ctypes.c_void_p()
    if lib.nvrtcCreateProgram(ctypes.byref(program), source, b"helpers.cu", 0, None, None):
        raise SystemExit("nvrtcCreateProgram failed")
    options = [f"--gpu-architecture={architecture}".encode(), b"--std=c++17"]
    code = lib.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    if code:
        raise SystemExit(f"nvrtc error {code}: {fetch(lib.nvrtcGetProgramLogSize, lib.nvrtcGetProgramLog, program).decode()}")
    return fetch(lib.nvrtcGetCUBINSize, lib.nvrtcGetCUBIN, program)


def fetch(size_of: Callable[..., int], read: Callable[..., int], program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    size_of(program, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    read(program, buffer)
    return buffer.raw


if __name__ == "__main__":
    _, library, architecture, source, target = sys.argv
    with open(source, "rb") as read_from, open(target, "wb") as write_to:
        write_to.write(compile_cubin(library, architecture, read_from.read()))
