import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from triton.backends.nvidia.compiler import CUDABackend
from triton.runtime.cache import get_cache_manager, triton_key


class ASTSource:
    def __init__(self, fn: Any, signature: Any, constexprs: Any = None, attrs: Any = None) -> None:
        self.fn, self.signature, self.constants, self.attrs = fn, signature, constexprs or {}, attrs or {}
        self.name = fn.__name__


class CompiledKernel:
    def __init__(self, src: Any, group: Any, hash: Any) -> None:
        self.src, self.hash = src, hash
        self.metadata = SimpleNamespace(**json.loads(Path(group[f"{src.name}.json"]).read_text()))

    def run(self, x: Any, out: Any) -> Any:
        from triton.backends.nvidia.driver import active

        from test.python.programs import played_gpu

        active().launcher(self.src, self.metadata).launch()
        played_gpu.gpu.scale(x, out, float(self.metadata.factor))


def compile(src: Any, target: Any = None, options: Any = None) -> Any:
    backend = CUDABackend(target)
    key = f"{triton_key()}-{src.fn.cache_key}-{src.signature}-{sorted(src.constants.items())}-{sorted((options or {}).items())}-{backend.hash()}"
    hash = hashlib.sha256(key.encode()).hexdigest()
    cache = get_cache_manager(hash)
    group = cache.get_group(f"{src.name}.json") or {}
    if f"{src.name}.json" in group:
        return CompiledKernel(src, group, hash)
    stages = {}
    backend.add_stages(stages, options, "triton")
    code = src
    for ext, stage in stages.items():
        code = stage(code)
        group[f"{src.name}.{ext}"] = cache.put(code, f"{src.name}.{ext}")
    group[f"{src.name}.json"] = cache.put(json.dumps({"factor": src.constants["FACTOR"], **(options or {})}).encode(), f"{src.name}.json")
    cache.put_group(f"{src.name}.json", group)
    return CompiledKernel(src, group, hash)
