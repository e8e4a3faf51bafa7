import subprocess
from typing import Any

from triton import knobs
from triton.runtime.build import compile_module_from_src

_active = []


def library_dirs() -> Any:
    if knobs.libcuda_path():
        return [knobs.libcuda_path()]
    return [subprocess.check_output(["/bin/echo", "/usr/lib"]).decode().strip()]


class CudaUtils:
    def __init__(self) -> None:
        compile_module_from_src("int utils(void) { return 1; }", "cuda_utils", library_dirs(), [], [])


class CudaLauncher:
    def __init__(self, src: Any, metadata: Any) -> None:
        source = f"int launch{len(src.signature)}(void) {{ return 1; }}"
        self.launch = compile_module_from_src(source, "__triton_launcher", library_dirs(), [], ["libcuda.so.1"]).launch


class CudaDriver:
    def __init__(self) -> None:
        self.utils, self.launcher = CudaUtils(), CudaLauncher


def active() -> Any:
    if not _active:
        _active.append(CudaDriver())
    return _active[0]
