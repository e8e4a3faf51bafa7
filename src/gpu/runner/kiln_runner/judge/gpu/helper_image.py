"""The cubin of the judge's own kernels, compiled once for an architecture and kept."""
import glob
import os
import shutil
import sys
from pathlib import Path
from typing import Optional

from ..helper_cache import cached, run_compiler
from ..native_source import read, read_script

LIBRARY_PATTERNS = (
    "{cuda_home}/lib64/libnvrtc.so*",
    "/usr/local/cuda*/lib64/libnvrtc.so*",
    "/usr/lib/x86_64-linux-gnu/libnvrtc.so*",
    "/usr/lib/aarch64-linux-gnu/libnvrtc.so*",
    "{prefix}/lib/python3*/site-packages/nvidia/*/lib/libnvrtc.so*",
    "/opt/*/.venv/lib/python3*/site-packages/nvidia/*/lib/libnvrtc.so*",
    "/opt/*/lib/python3*/site-packages/nvidia/*/lib/libnvrtc.so*",
    "/usr/*/lib/python3*/*-packages/nvidia/*/lib/libnvrtc.so*",
)


HELPER_SOURCES = ("element.h", "sample.h", "gpu_kernels.cu", "gpu_sampling.cu", "gpu_answers.cu")


def helper_image(cache: Path, architecture: str) -> bytes:
    return image_of(cache, architecture, HELPER_SOURCES)


def image_of(cache: Path, architecture: str, sources: "tuple[str, ...]") -> bytes:
    """Of files under native/, one after another."""
    source, library, nvcc = read(*sources), find_nvrtc(), find_nvcc()
    compiler = _identity(library or nvcc)

    def make(target: Path) -> None:
        file = target.with_suffix(".cu")
        file.write_text(source)
        if library:
            script = read_script("gpu/nvrtc_compile.py")
            command = [sys.executable, "-c", script, library, architecture, str(file), str(target)]
        else:
            target_flag = f"-gencode=arch={architecture.replace('sm_', 'compute_')},code={architecture}"
            command = [nvcc or "nvcc", "-cubin", target_flag, "-o", str(target), str(file)]
        run_compiler(command, "compiling the judge's kernels (NVRTC, or nvcc where it is missing)")

    return cached(cache, "cubin", [source, architecture, compiler], make).read_bytes()


def find_nvrtc() -> Optional[str]:
    """The newest libnvrtc of this host."""
    found: list[str] = []
    for pattern in LIBRARY_PATTERNS:
        found += glob.glob(pattern.format(cuda_home=os.environ.get("CUDA_HOME", "/usr/local/cuda"), prefix=sys.prefix))
        if found:
            break
    return sorted(path for path in found if "alt" not in os.path.basename(path))[-1] if found else None


def find_nvcc() -> Optional[str]:
    return shutil.which("nvcc") or next(iter(sorted(glob.glob("/usr/local/cuda*/bin/nvcc"))), None)


def _identity(compiler: Optional[str]) -> str:
    if compiler is None:
        return "none"
    real = os.path.realpath(compiler)
    return f"{real} {os.stat(real).st_size}"
