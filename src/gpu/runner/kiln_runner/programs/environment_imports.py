"""What the processes of an environment have in common: its imports, the variables that they keep, and the places that their programs read."""
import ctypes
import importlib
import os
import sys
from typing import NamedTuple, Optional

from kiln_runner import temporary_folders

# After each of these a copy could still start CUDA, measured with PyTorch 2.11 and Triton 3.6; what is missing is left out.
IMPORTS = (
    "torch", "triton", "triton.language", "triton.backends.nvidia.driver", "triton.backends.nvidia.compiler", "triton.runtime.autotuner",
    "triton.testing", "torch.utils.cpp_extension",
)
# What PyTorch imports the first time that a program asks it to be deterministic: seconds in each copy, once before them. Builds need none of it.
IMPORTS_OF_RUNS = (*IMPORTS, "torch._inductor.config")
# What a fresh context would be made with: no copy of the runner's environment reaches a program.
SETTINGS = {
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1", "CUDA_DEVICE_MAX_CONNECTIONS": "1", "PYTHONDONTWRITEBYTECODE": "1",
    # 32 MiB, as PyTorch takes by itself on Hopper. Where it is not said, a program that asked PyTorch to be deterministic cannot multiply matrices.
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    # PyTorch's compiler would start processes of its own when it is imported.
    "TORCH_WARM_POOL": "0", "TORCHINDUCTOR_COMPILE_THREADS": "1",
}
# It makes this folder when it is imported, and remembers it here.
_CACHE_OF_COMPILER = "TORCHINDUCTOR_CACHE_DIR"
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES", "PYTHONUTF8")
_NOT_STARTED = 3


class Imported(NamedTuple):
    versions: dict[str, str]
    warnings: list[str]


def keep_settings() -> None:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    os.environ.clear()
    os.environ.update({**kept, **SETTINGS})


def import_all(names: list[str]) -> Imported:
    """Each as far as it is there. Warnings name what is broken, and what would leave copies without CUDA."""
    with temporary_folders.made("compiler") as folder:
        os.environ[_CACHE_OF_COMPILER] = folder
        try:
            return _import_all(names)
        finally:
            # Each copy has a place of its own.
            os.environ.pop(_CACHE_OF_COMPILER, None)


def _import_all(names: list[str]) -> Imported:
    versions: dict[str, str] = {}
    warnings: list[str] = []
    for name in names:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            if not isinstance(error, ModuleNotFoundError) or (error.name or "") not in _prefixes(name):
                warnings.append(f"{name} cannot be imported: {error}"[:500])
            continue
        except Exception as error:
            warnings.append(f"{name} cannot be imported: {type(error).__name__}: {error}"[:500])
            continue
        version = getattr(module, "__version__", None)
        versions[name] = str(version)[:100] if version is not None else ""
        if cuda_is_started():
            warnings.append(f"importing {name} starts CUDA, so that no forked program could use a GPU; it must not do that when it is imported")
            break
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        warnings.append(f"{threads - 1} threads run after the imports; forked programs do not have them")
    return Imported(versions, warnings)


def cuda_is_started() -> bool:
    """Asked of the driver's library where somebody has loaded it; nothing is loaded or started by asking."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1", mode=os.RTLD_NOLOAD | os.RTLD_NOW)
    except OSError:
        return False
    return cuda.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) != _NOT_STARTED


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


_found_places: Optional[list[str]] = None


def places() -> list[str]:
    """What a program of this environment reads: its packages and its Python."""
    global _found_places
    if _found_places is None:
        from kiln_runner.identity import ROOT

        found = [os.path.realpath(place) for place in (sys.prefix, sys.base_prefix, *sys.path) if place and os.path.isdir(place)]
        kept = [place for place in dict.fromkeys(found) if place not in (str(ROOT), os.path.realpath(os.getcwd()), "/")]
        _found_places = [*kept, *_linked(kept)]
    return _found_places


def _linked(places: list[str]) -> list[str]:
    """The names that were asked for, where they lead to the real ones."""
    return [place for place in (sys.prefix, sys.base_prefix) if place not in places]
