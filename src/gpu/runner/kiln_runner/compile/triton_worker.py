"""A compile worker for `triton` units: keeps Triton imported and forks a confined copy for each source, which that copy then runs.

A second copy, which never runs the source, compiles what came of it. The worker speaks frames as the other compile workers do, and ends
a compile at its limit itself, so that Triton stays warm. `--probe ARCHITECTURE` compiles a known kernel the same way and prints
{version, hidden} or {error}.
"""
import importlib
import inspect
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, cast

from kiln_runner import temporary_folders
from kiln_runner.compile.blame import check_room
from kiln_runner.compile.confined_run import Ended, run_confined
from kiln_runner.compile.confinement import NO_LEVEL, Limits, Place, signals_are_confined, support, taken_user
from kiln_runner.compile.log_text import LOG_CHARS_MAX
from kiln_runner.compile.triton_answers import built_of, texts_of, without
from kiln_runner.compile.triton_known import compile_known, known_unit
from kiln_runner.compile.units import Built, Infra, TimedOut, refused
from kiln_runner.frames import encode
from kiln_runner.host.memory import within_memory
from kiln_runner.identity import ROOT
from kiln_runner.protocol import Json, KernelUnit

PROBE_LIMIT_S = 25.0
NOT_USED = "Triton is not used on this host, since its sources are programs"
MEMORY_BYTES_MAX = 8 * 1024 ** 3
LIMITS = Limits(memory_bytes=MEMORY_BYTES_MAX, file_bytes=64 * 1024 * 1024, files=256, processes=64, cpu_seconds=None)


def run(argv: list[str]) -> int:
    if argv[:1] == ["--probe"]:
        print(json.dumps(probe(argv[1])), flush=True)
        return 0
    from kiln_runner.compile.worker import serve_units

    _keep_warm()
    compile_known()
    serve_units(lambda _tools: lambda job: lambda unit, _folder: compile_triton(cast(KernelUnit, unit), job["limitMs"]))
    return 0


def compile_triton(unit: KernelUnit, limit_ms: float) -> Built:
    """Two confined copies of this process, one after the other: the first runs the source, the second only reads what
    came of it, so that the code is our compiler's whatever the source did to its own."""
    if support().level == NO_LEVEL or not signals_are_confined():
        raise Infra("compiler_missing", f"{NOT_USED}: {support().why}")
    deadline = time.monotonic() + limit_ms / 1000
    lowered = _confined(lambda: _lower_and_encode(unit), deadline, {"candidate.py": unit["source"]})
    texts, printed = texts_of(lowered, unit)
    if texts is None:
        return refused(printed)
    built = _confined(lambda: _assemble_and_encode(unit, texts), deadline, {})
    return built_of(built, texts, printed)


def _confined(task: Callable[[], bytes], deadline: float, files: dict[str, str]) -> Ended:
    """TimedOut, Infra where it cannot be confined. What it printed comes without the folder's name."""
    # Not below the runner's folder, which is closed to the user that the source runs as.
    limits = LIMITS._replace(memory_bytes=within_memory(MEMORY_BYTES_MAX))
    with temporary_folders.made("triton") as folder, taken_user() as user:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
            os.chmod(os.path.join(folder, name), 0o444)
        ended = run_confined(task, Place(folder, _needed(), user), limits, max(0.0, deadline - time.monotonic()))
    if ended.how == "timed_out":
        raise TimedOut()
    if ended.how == "unconfinable":
        raise Infra("compiler_missing", f"{NOT_USED}: {ended.log}")
    check_room(ended)
    return ended._replace(log=without(ended.log, folder), folder=folder)


def probe(architecture: str) -> Json:
    """What the inventory tells of Triton: {version, hidden}, or {error} with the step that repairs it."""
    try:
        import triton

        _keep_warm()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    try:
        built = compile_triton(known_unit(architecture), PROBE_LIMIT_S * 1000)
    except (Infra, TimedOut, OSError) as error:
        return {"error": str(error) or f"a known kernel was not compiled within {PROBE_LIMIT_S:.0f} s"}
    if not built.files:
        return {"error": built.log[:2000]}
    from kiln_runner.compile.triton_assemble import assembler_version

    version = ", ".join(filter(None, (triton.__version__, assembler_version())))
    return {"version": version, "hidden": built.kernels["known"].get("hidden", [])}


def _keep_warm() -> None:
    """Imports what every compile needs, so that forked copies have it. TypeError, ImportError with what to install."""
    import triton
    from triton.compiler import ASTSource

    importlib.import_module("kiln_runner.compile.triton_build")
    importlib.import_module("kiln_runner.compile.triton_assemble")
    if "constexprs" not in inspect.signature(ASTSource.__init__).parameters:
        raise ImportError(f"Triton {triton.__version__} is too old; pip install 'triton>=3.3'")


def _needed() -> list[str]:
    """Places that the compiler reads, which must stay visible though they may be in somebody's home."""
    import triton

    places = [sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(triton.__file__)), *sys.path]
    found = [os.path.realpath(place) for place in places if place and os.path.exists(place)]
    # Of the runner all that is needed has been imported; the working folder is on the path by accident.
    return [place for place in dict.fromkeys(found) if place not in (str(ROOT), os.path.realpath(os.getcwd()))]


def _alone() -> None:
    """In a confined copy: an environment of its own, and a cache that no other source has written to."""
    home = os.getcwd()
    os.environ.clear()
    os.environ.update(PATH=os.defpath, HOME=home, TMPDIR=home, LC_ALL="C.UTF-8", CUDA_VISIBLE_DEVICES="", TRITON_CACHE_DIR=f"{home}/cache")
    tempfile.tempdir = home


def _lower_and_encode(unit: KernelUnit) -> bytes:
    """In the copy that runs the source."""
    _alone()
    from kiln_runner.compile.triton_build import lower

    return _reported(lambda: _frame_of([text.encode() for text in lower(unit)], [{} for _ in unit["kernels"]]))


def _assemble_and_encode(unit: KernelUnit, texts: list[str]) -> bytes:
    """In the copy that has not."""
    _alone()
    from kiln_runner.compile.triton_assemble import assemble

    def frame() -> bytes:
        kernels = assemble(unit, texts)
        facts = [{"name": kernel.name, "shared": kernel.shared, "numWarps": kernel.num_warps, "hidden": kernel.hidden} for kernel in kernels]
        return _frame_of([kernel.cubin for kernel in kernels], facts)

    return _reported(frame)


def _frame_of(parts: list[bytes], facts: list[Json]) -> bytes:
    kernels = [{**fact, "bytes": len(part)} for fact, part in zip(facts, parts)]
    return encode({"type": "built", "kernels": kernels}, b"".join(parts))


def _reported(frame: Callable[[], bytes]) -> bytes:
    from kiln_runner.compile.triton_build import explain

    try:
        return frame()
    except BaseException as error:
        return encode({"type": "failed", "log": explain(error)[:LOG_CHARS_MAX]})
    finally:
        # The process ends without Python's own end.
        sys.stdout.flush()
        sys.stderr.flush()
