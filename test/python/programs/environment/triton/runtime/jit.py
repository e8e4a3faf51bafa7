import hashlib
import inspect
from types import SimpleNamespace
from typing import Any


class JITFunction:
    def __init__(self, fn: Any) -> None:
        self.fn, self.__name__, self.__module__, self.__qualname__ = fn, fn.__name__, fn.__module__, fn.__qualname__
        self._kernels = {}

    @property
    def cache_key(self) -> Any:
        return hashlib.sha256(inspect.getsource(self.fn).encode()).hexdigest()

    def __getitem__(self, grid: Any) -> Any:
        return lambda x, out, **options: self.run(x, out, **options)

    def run(self, x: Any, out: Any, **options: Any) -> Any:
        from triton.backends.nvidia.driver import active
        from triton.compiler import ASTSource, compile

        active()
        constants = {name: value for name, value in options.items() if name.isupper()}
        rest = {name: value for name, value in options.items() if not name.isupper()}
        key = str(sorted(options.items()))
        if key not in self._kernels:
            source = ASTSource(self, {"x": "*fp32", "out": "*fp32"}, constants)
            self._kernels[key] = compile(source, target=SimpleNamespace(arch=90), options=rest)
        self._kernels[key].run(x, out)


def jit(fn: Any) -> Any:
    return JITFunction(fn)
