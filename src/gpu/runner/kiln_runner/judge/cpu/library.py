"""The judge's own C code: a library for this process (native/cpu_kernels.c) and the harness program for the children."""
import ctypes
import shutil
from ctypes import c_double, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path

from ..failures import InfraFailure
from ..helper_cache import cached, run_compiler
from ..native_source import read
from ..outcomes import ComparisonWords

# libmvec's logf, cosf and sinf draw normals eight at a time; NaN and infinity must keep their meaning, so no -ffast-math.
LIBRARY_FLAGS = ["-O3", "-march=native", "-std=gnu11", "-fno-math-errno", "-shared", "-fPIC"]
HARNESS_FLAGS = ["-O2", "-std=gnu11"]


class Comparison(ctypes.Structure):
    _fields_ = [("mismatches", c_uint64), ("first", c_uint64), ("worst", c_uint64), ("difference2", c_double), ("reference2", c_double)]

    def words(self) -> ComparisonWords:
        return (self.mismatches, self.first, self.worst, self.difference2, self.reference2)


def find_gcc() -> str:
    gcc = shutil.which("gcc") or shutil.which("cc")
    if gcc is None:
        raise InfraFailure("compiler_missing", "the cpu device needs gcc, which is not on this host: apt-get install gcc libc6-dev")
    return gcc


def compile_library(cache: Path) -> Path:
    return _compiled(cache, "kernels.so", read("element.h", "sample.h", "cpu_kernels.c", "cpu_sampling.c"), LIBRARY_FLAGS, ["-lm"])


def load_library(file: Path) -> ctypes.CDLL:
    lib = ctypes.CDLL(str(file))
    lib.kiln_draw.argtypes = [c_void_p, c_uint64, c_int, c_int, c_double, c_double, c_uint64, c_uint64]
    lib.kiln_draw_mixture.argtypes = [c_void_p, c_uint64, c_int, c_void_p, c_uint64, c_uint64]
    lib.kiln_draw_structure.argtypes = lib.kiln_draw_mixture.argtypes
    lib.kiln_poison.argtypes = [c_void_p, c_uint64, c_uint32]
    lib.kiln_guard_fill.argtypes = [c_void_p, c_uint64, c_uint64]
    lib.kiln_guard_check.argtypes = [c_void_p, c_uint64, c_uint64, c_void_p]
    lib.kiln_compare.argtypes = [c_void_p, c_void_p, c_uint64, c_int, c_double, c_double, c_void_p]
    lib.kiln_compare_indices.argtypes = [c_void_p, c_void_p, c_uint64, c_int, c_void_p, c_void_p]
    lib.kiln_flush.argtypes = [c_void_p, c_uint64]
    lib.kiln_sample.argtypes = [c_void_p, c_uint64, c_void_p, c_uint64]
    lib.kiln_compare_samples.argtypes = [
        *(c_void_p, c_uint64, c_void_p, c_uint64, c_void_p, c_void_p, c_uint64, c_uint64, c_void_p, c_double, c_void_p, c_void_p)
    ]
    drawing = ("kiln_draw", "kiln_draw_mixture", "kiln_draw_structure")
    checking = ("kiln_poison", "kiln_guard_fill", "kiln_guard_check", "kiln_flush")
    comparing = ("kiln_compare", "kiln_compare_indices", "kiln_sample", "kiln_compare_samples")
    for name in (*drawing, *checking, *comparing):
        getattr(lib, name).restype = None
    # The C library's.
    lib.memcmp.argtypes, lib.memcmp.restype = [c_void_p, c_void_p, c_size_t], c_int
    return lib


def harness(cache: Path) -> Path:
    return _compiled(cache, "harness", read("confine.h", "harness.c"), HARNESS_FLAGS, ["-ldl"])


def _compiled(cache: Path, name: str, source: str, flags: list[str], libraries: list[str]) -> Path:
    gcc = find_gcc()

    def make(target: Path) -> None:
        file = target.with_suffix(".c")
        file.write_text(source)
        run_compiler([gcc, *flags, "-o", str(target), str(file), *libraries], f"compiling the judge's {name}")

    return cached(cache, name, [source, *flags, _processor()], make)


def _processor() -> str:
    """-march=native makes code for this processor; a cache folder may be on a shared disk."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
