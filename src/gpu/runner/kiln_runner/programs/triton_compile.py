"""Where compilers can be started: what every program of an environment with Triton needs, once, in its zygote; and, in the build stage, the kernels
that a program was found to launch (triton_kernels.py)."""
import base64
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from typing import Any

from kiln_runner import temporary_folders
from kiln_runner.programs.record_frames import Wanted
from kiln_runner.programs.triton_kernels import LIBCUDA_VARIABLE, SETTINGS, loaded, name_platform, prepared, unprepared

# Triton asks its assembler for its version; the answer is kept for each generation of GPUs.
_ARCHITECTURES = (70, 75, 80, 86, 87, 89, 90, 100, 103, 110, 120)
_LOG_CHARS_MAX = 8000
CACHE_VARIABLE = "TRITON_CACHE_DIR"


def prepare() -> None:
    """In a zygote, before it forks: answers that Triton would start processes for, and its module that speaks to the driver. Starts no CUDA."""
    driver = sys.modules.get("triton.backends.nvidia.driver")
    if driver is None:
        return
    _ask_versions()
    with temporary_folders.made("triton") as folder:
        log = os.path.join(folder, "log")
        # In a copy: it loads what it builds, and the zygote is to stay as it is.
        child = os.fork()
        if child == 0:
            _be_builder(driver, os.path.join(folder, "cache"), log)
        _, status = os.waitpid(child, 0)
        if status == 0:
            prepared.update(_files_of(os.path.join(folder, "cache")))
        else:
            unprepared.append(_text_of(log)[-500:] or f"it ended with {status}")
    # Programs have a place of their own for what is temporary; one that was in use is gone.
    tempfile.tempdir = None


def _ask_versions() -> None:
    compiler, cache = sys.modules.get("triton.backends.nvidia.compiler"), sys.modules.get("triton.runtime.cache")
    key = getattr(cache, "triton_key", None) or getattr(sys.modules.get("triton.compiler.compiler"), "triton_key", None)
    version = getattr(compiler, "get_ptxas_version", None)
    try:
        if key is not None:
            key()
        if version is not None:
            for architecture in _ARCHITECTURES:
                version(architecture)
    except Exception as error:
        unprepared.append(f"{type(error).__name__}: {error}"[:500])


def _be_builder(driver: Any, cache: str, log: str) -> None:
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ[CACHE_VARIABLE] = cache
        os.environ.pop(LIBCUDA_VARIABLE, None)
        name_platform()
        driver.CudaUtils()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _files_of(folder: str) -> Iterator[tuple[str, bytes]]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                yield os.path.relpath(path, folder), file.read()


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def compile_kernels(wanted: list[Wanted], home: str) -> dict[str, str]:
    """Into Triton's cache, with their launchers. For the build stage, after the program's files were imported. Returns what failed, by key."""
    compiler, build = sys.modules.get("triton.compiler.compiler"), sys.modules.get("triton.runtime.build")
    if compiler is None or build is None:
        return {each["key"]: "this environment has no Triton that works" for each in wanted}
    os.environ.update(SETTINGS)
    name_platform()
    _link_without_driver(build)
    failures: dict[str, str] = {}
    for each in wanted:
        try:
            _compile(compiler, each)
        except BaseException as error:
            words = "".join(traceback.format_exception_only(type(error), error))
            failures[each["key"]] = f"Triton kernel {each['kernel']} does not compile: {words}".replace(home + "/", "")[:_LOG_CHARS_MAX]
    return failures


def _compile(compiler: Any, wanted: Wanted) -> None:
    function, signature, constants, attributes, target, options = loaded(base64.b64decode(wanted["call"]))
    source = compiler.ASTSource(function, signature, constants, attributes)
    kernel = compiler.compile(source, target=target, options=options)
    driver = sys.modules.get("triton.backends.nvidia.driver")
    if driver is not None:
        driver.CudaLauncher(source, kernel.metadata)
    if kernel.hash != wanted["key"]:
        raise ValueError("its code is another here than where it was launched; is it made from what is only known there?")


def _link_without_driver(build: Any) -> None:
    """A launcher finds the driver in the process that loads it; here nobody loads it."""
    original = build._build

    def build_alone(name: str, src: str, srcdir: str, library_dirs: list[str], include_dirs: list[str], libraries: list[str], *rest: Any) -> str:
        return original(name, src, srcdir, library_dirs, include_dirs, [library for library in libraries if "cuda" not in library], *rest)

    build._build, build._load_module_from_path = build_alone, _not_loaded


def _not_loaded(*_args: Any) -> "_NotLoaded":
    return _NotLoaded()


class _NotLoaded:
    def launch(self, *_args: Any) -> None:
        return None
