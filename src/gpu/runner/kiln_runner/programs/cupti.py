"""CUPTI's callbacks for a recorder, by ctypes, in the program's process: every binary that is loaded, and the driver calls that launch or move data.

Subscribed before the context exists, or binaries that it loads would be missed.
"""
import ctypes
import functools
import glob
import os
import sys
from collections.abc import Iterator
from ctypes import c_char_p, c_int, c_size_t, c_uint, c_void_p
from typing import Any, Optional

from kiln_runner.programs.driver_calls import DRIVER_API, RESOURCE, DriverCalls

LIBRARIES = ("libcupti.so.13", "libcupti.so.12", "libcupti.so")
_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_uint, c_void_p)
_PARAMETERS_MAX = 4096


class CuptiFailure(Exception):
    """It is not here, or refuses: somebody else may have subscribed, such as a profiler. The message says which call failed."""


class Cupti:
    """One subscription, from now until `close`."""

    def __init__(self, calls: DriverCalls, library: Optional[str] = None) -> None:
        self._cupti = _load(library)
        # Held here: C has the only other reference.
        self._callback = _CALLBACK(functools.partial(_on_callback, calls))
        self._subscriber = c_void_p()
        self._ask("cuptiSubscribe", ctypes.byref(self._subscriber), self._callback, None)
        self._ask("cuptiEnableDomain", 1, self._subscriber, RESOURCE)
        # A call that this version of the driver does not have cannot be made either.
        self.unknown = [number for number in calls.numbers() if self._cupti.cuptiEnableCallback(1, self._subscriber, DRIVER_API, number)]

    def close(self) -> None:
        self._ask("cuptiUnsubscribe", self._subscriber)

    def _ask(self, name: str, *arguments: Any) -> None:
        code = getattr(self._cupti, name)(*arguments)
        if code:
            raise CuptiFailure(f"{name} failed with {code}")


def _on_callback(calls: DriverCalls, _user: int, domain: int, number: int, data: int) -> None:
    calls.on_callback(domain, number, data)


class DriverFunctions:
    """What libcuda says of functions; asked once each. A kernel of a library has a handle of its own, which stands for a function."""

    def __init__(self, cuda: Any) -> None:
        self._cuda = cuda
        self._known: dict[int, tuple[str, list[tuple[int, int]]]] = {}
        self._binaries: dict[int, str] = {}

    def name(self, function: int) -> str:
        return self._of(function)[0]

    def parameters(self, function: int) -> list[tuple[int, int]]:
        return self._of(function)[1]

    def module(self, function: int) -> Optional[str]:
        """Of a module that was loaded before our eyes. A kernel of a library is found by its name, and twins are refused."""
        module = c_void_p()
        return None if self._cuda.cuFuncGetModule(ctypes.byref(module), c_void_p(function)) else self._binaries.get(module.value or 0)

    def loaded(self, module: int, digest: str) -> None:
        self._binaries[module] = digest

    def unloaded(self, module: int) -> None:
        self._binaries.pop(module, None)
        self._known.clear()

    def _of(self, function: int) -> tuple[str, list[tuple[int, int]]]:
        if function not in self._known:
            handle, name = c_void_p(function), c_char_p()
            if self._cuda.cuFuncGetName(ctypes.byref(name), handle):
                real = c_void_p()
                if self._cuda.cuKernelGetFunction(ctypes.byref(real), handle) or self._cuda.cuFuncGetName(ctypes.byref(name), real):
                    raise CuptiFailure("a function without a name")
                handle = real
            self._known[function] = ((name.value or b"").decode(), list(self._layout(handle)))
        return self._known[function]

    def _layout(self, handle: c_void_p) -> Iterator[tuple[int, int]]:
        offset, size = c_size_t(), c_size_t()
        for number in range(_PARAMETERS_MAX):
            if self._cuda.cuFuncGetParamInfo(handle, c_size_t(number), ctypes.byref(offset), ctypes.byref(size)):
                return
            yield offset.value, size.value


@functools.lru_cache(maxsize=1)
def find_library() -> Optional[str]:
    """By the loader, then beside PyTorch, where pip puts NVIDIA's wheels, then in a toolkit. Loaded before a process is confined it stays at hand."""
    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
            return name
        except OSError:
            continue
    packages = [os.path.join(place, "nvidia/*/lib") for place in sys.path if place]
    packages += [os.path.join(place, "nvidia/*/*/lib") for place in sys.path if place]
    folders = [*packages, "/usr/local/cuda/lib64", "/usr/local/cuda/extras/CUPTI/lib64", "/usr/local/cuda/targets/*/lib"]
    return next((path for folder in folders for path in sorted(glob.glob(os.path.join(folder, "libcupti.so*")))), None)


def preload() -> None:
    """In a zygote: its copies have the library, wherever it lies. Nothing is started by that."""
    found = find_library()
    if found is not None:
        try:
            ctypes.CDLL(found)
        except OSError:
            # Told when it is needed.
            pass


def _load(library: Optional[str]) -> Any:
    found = library or find_library()
    if found is None:
        raise CuptiFailure("libcupti is not here; pip install nvidia-cuda-cupti, or install the CUDA toolkit")
    try:
        return ctypes.CDLL(found)
    except OSError as error:
        raise CuptiFailure(f"{found} cannot be loaded: {error}") from error
