import functools
import hashlib
import os
import subprocess
import tempfile
from types import SimpleNamespace
from typing import Any

from triton.runtime.cache import get_cache_manager


@functools.lru_cache
def platform_key() -> Any:
    try:
        return subprocess.check_output(["/bin/echo", "platform"]).decode()
    except OSError:
        return "no process"


def _build(name: Any, src: Any, srcdir: Any, library_dirs: Any, include_dirs: Any, libraries: Any, ccflags: Any) -> Any:
    built = os.path.join(srcdir, f"{name}.so")
    subprocess.check_call(["gcc", src, "-shared", "-fPIC", "-o", built, *(f"-l:{library}" for library in libraries)])
    return built


def _load_module_from_path(name: Any, path: Any) -> Any:
    with open(path, "rb") as file:
        assert file.read(4) == b"\x7fELF"
    return SimpleNamespace(launch=lambda: None)


def compile_module_from_src(src: Any, name: Any, library_dirs: Any, include_dirs: Any, libraries: Any) -> Any:
    cache = get_cache_manager(hashlib.sha256((src + platform_key()).encode()).hexdigest())
    path = cache.get_file(f"{name}.so")
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, f"{name}.c")
            with open(source, "w") as file:
                file.write(src)
            with open(_build(name, source, folder, library_dirs, include_dirs, libraries, []), "rb") as file:
                path = cache.put(file.read(), f"{name}.so")
    return _load_module_from_path(name, path)
