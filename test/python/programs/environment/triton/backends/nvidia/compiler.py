import functools
import subprocess
from typing import Any

from triton.runtime.errors import PTXASError


@functools.lru_cache
def get_ptxas_version(arch: Any = 80) -> Any:
    return subprocess.check_output(["/bin/echo", f"ptxas for {arch}"]).decode()


class CUDABackend:
    def __init__(self, target: Any) -> None:
        self.target = target

    def hash(self) -> Any:
        return get_ptxas_version(self.target.arch)

    def add_stages(self, stages: Any, options: Any, language: Any) -> Any:
        stages["cubin"] = self.make_cubin

    def make_cubin(self, src: Any) -> Any:
        if src.constants["FACTOR"] < 0:
            raise PTXASError("a factor below zero")
        return subprocess.check_output(["/bin/echo", src.name])
