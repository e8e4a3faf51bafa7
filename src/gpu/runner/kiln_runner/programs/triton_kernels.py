"""Triton in the sandbox of a program, where no compiler can be started: a kernel comes from Triton's cache. What is missing there is noted and does
nothing when it is launched; it is compiled outside (triton_compile.py), and the program is recorded anew.

Triton's own ways are kept: its keys, its cache, its launchers. Written for Triton 3.x; what a version does not have is left alone.
"""
import base64
import ctypes
import io
import os
import pickle
import platform
import sys
from types import SimpleNamespace
from typing import Any, Callable, NamedTuple, Optional

from kiln_runner.programs.record_frames import KERNEL_NAME_CHARS_MAX, Wanted

# Asked for by nobody once everything is in the cache; Triton starts a process to find it where it is not named.
LIBCUDA_VARIABLE = "TRITON_LIBCUDA_PATH"
# The same wherever Triton looks for a kernel and compiles it. Steps between Python and the device are not looked at, and take ten times the room.
SETTINGS = {LIBCUDA_VARIABLE: "/usr/lib", "TRITON_STORE_BINARY_ONLY": "1"}
# Rounds of a kernel that tunes itself, in milliseconds: it has the device to itself.
_TUNING_WARMUP_MS, _TUNING_MS = 5, 20


class NotCompilable(Exception):
    """Why a kernel cannot be compiled outside of the program that made it."""


class _Missing(BaseException):
    """From where Triton would begin to compile. No program catches it by accident."""


class Place(NamedTuple):
    """Where a kernel is found: module, and its name in there."""

    module: str
    name: str


class Kernels:
    """Those of one program. `failures`: key -> what the compiler said of it. `missing`: key -> what is to be compiled."""

    def __init__(self, failures: Optional[dict[str, str]] = None) -> None:
        self.failures = failures or {}
        self.missing: dict[str, Wanted] = {}
        # The first kernel that cannot be compiled outside, and the first that its compiler refused: why.
        self.refusal, self.failure, self.unprepared = "", "", ""

    def serve(self) -> None:
        """From now on Triton compiles nothing in this process. For the sandbox, before the program's code."""
        needed = ("triton", "triton.compiler", "triton.compiler.compiler", "triton.backends.nvidia.compiler", "triton.runtime.build")
        found: list[Any] = [sys.modules.get(name) for name in needed]
        if None in found:
            return
        triton, package, compiler, backend, build = found
        try:
            # Launchers call the driver by its name.
            ctypes.CDLL("libcuda.so.1", mode=ctypes.RTLD_GLOBAL)
        except OSError:
            pass
        os.environ.update(SETTINGS)
        name_platform()
        keys = _note_keys(compiler)
        original = compiler.compile

        def compile_from_cache(src: Any, target: Any = None, options: Any = None, **rest: Any) -> Any:
            try:
                return original(src, target=target, options=options, **rest)
            except _Missing:
                return self._absent(keys[-1], src, target, options)

        backend.CUDABackend.add_stages = _stop
        for module in (triton, package, compiler):
            module.compile = compile_from_cache
        build._build = self._not_built
        _tune_shortly(lambda: bool(self.missing))

    def _absent(self, key: str, src: Any, target: Any, options: Any) -> "AbsentKernel":
        said = self.failures.get(key)
        if said is not None:
            self.failure = self.failure or said
            raise _compile_error(said)
        name = str(getattr(src, "name", ""))[:KERNEL_NAME_CHARS_MAX]
        try:
            self.missing[key] = {"key": key, "kernel": name, "call": base64.b64encode(dumped(src, target, options)).decode()}
        except NotCompilable as error:
            self.refusal = self.refusal or f"Triton kernel {name}: {error}"
        return AbsentKernel(dict(options or {}))

    def _not_built(self, name: str, *_rest: Any) -> str:
        self.unprepared = self.unprepared or f"Triton's {name} is not in its cache{f': {unprepared[-1]}' if unprepared else ''}"
        raise RuntimeError(self.unprepared)


def name_platform() -> None:
    """A part of the names in its cache, for which Triton starts a process: another answer where none can be started."""
    build: Any = sys.modules.get("triton.runtime.build")
    if hasattr(build, "platform_key"):
        build.platform_key = lambda: f"{platform.machine()},{platform.system()}"


class AbsentKernel:
    """Stands for a kernel that is not compiled yet: launching it does nothing. Numbers are such that dividing by them is no error."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.function = self.module = self.packed_metadata = None
        self.n_regs, self.n_spills, self.n_max_threads, self.asm = 32, 0, 1024, dict[str, Any]()
        self.metadata = SimpleNamespace(**{"num_warps": 4, "num_ctas": 1, "num_stages": 2, **options, "shared": 1})

    def run(self, *_args: Any, **_options: Any) -> None:
        return None

    def launch_metadata(self, *_args: Any) -> None:
        return None

    def _init_handles(self) -> None:
        return None

    def __getitem__(self, _grid: Any) -> Callable[..., None]:
        return self.run


def _stop(*_args: Any, **_options: Any) -> None:
    raise _Missing()


def _note_keys(compiler: Any) -> list[str]:
    """The keys that its cache is asked for, the last one last."""
    keys, original = [""], compiler.get_cache_manager

    def noting(key: str) -> Any:
        keys.append(key)
        del keys[:-2]
        return original(key)

    compiler.get_cache_manager = noting
    return keys


def _tune_shortly(is_void: Callable[[], bool]) -> None:
    """A kernel that tunes itself is timed for less long, and not at all where kernels do nothing yet."""
    testing: Any = sys.modules.get("triton.testing")
    original = getattr(testing, "do_bench", None)
    if testing is None or original is None:
        return

    def do_bench(fn: Callable[[], Any], *args: Any, **options: Any) -> Any:
        fn()
        if is_void():
            quantiles = options.get("quantiles")
            return [1.0] * len(quantiles) if quantiles else 1.0
        return original(fn, *args, **{"warmup": _TUNING_WARMUP_MS, "rep": _TUNING_MS, **({} if args else _shorter(options))})

    testing.do_bench = do_bench


def _shorter(options: dict[str, Any]) -> dict[str, Any]:
    most = {"warmup": _TUNING_WARMUP_MS, "rep": _TUNING_MS}
    return {name: min(value, most[name]) if name in most and isinstance(value, (int, float)) else value for name, value in options.items()}


def _compile_error(said: str) -> Exception:
    """The one by which a kernel that tunes itself leaves a configuration out."""
    errors = sys.modules.get("triton.runtime.errors")
    kind = getattr(errors, "PTXASError", None)
    return kind(said) if kind is not None else RuntimeError(said)


def dumped(src: Any, target: Any, options: Any) -> bytes:
    """What a kernel is compiled from, but for its code: where that is found, its types and constants. NotCompilable says why that is not enough."""
    stream = io.BytesIO()
    pickler = _Pickler(stream)
    try:
        pickler.dump((src.fn, src.signature, src.constants, src.attrs, target, options))
    except NotCompilable:
        raise
    except Exception as error:
        raise NotCompilable(f"what it is compiled with cannot be handed over: {type(error).__name__}: {error}"[:500]) from error
    return stream.getvalue()


def loaded(call: bytes) -> Any:
    """Of `dumped`, where the program's files are imported: (function, signature, constants, attributes, target, options)."""
    return _Unpickler(io.BytesIO(call)).load()


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Optional[Place]:
        function = getattr(obj, "fn", None)
        if function is None or not hasattr(obj, "cache_key"):
            return None
        place = Place(str(getattr(function, "__module__", "")), str(getattr(function, "__qualname__", "")))
        if _found(place) is not obj:
            raise NotCompilable(f"{place.name} is not found by its name in {place.module}: define it at the top of a file, not inside of a function")
        return place


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        found = _found(Place(*pid))
        if found is None:
            raise NotCompilable(f"{pid[1]} is not there once {pid[0]} was imported without a GPU: do what needs one in the first call, not at import")
        return found


def _found(place: Place) -> Any:
    """The function below what tunes it or chooses for it."""
    found: Any = sys.modules.get(place.module)
    for part in place.name.split("."):
        found = getattr(found, part, None)
    while found is not None and not hasattr(found, "cache_key"):
        found = getattr(found, "fn", None)
    return found


# Where what follows could not be made: of an environment's warnings.
UNPREPARED_WORDS = "programs with Triton kernels are not recorded here"
# What is the same for every program of the environment, by its place in Triton's cache; made by `prepare`. And why it could not be made.
prepared: dict[str, bytes] = {}
unprepared: list[str] = []
