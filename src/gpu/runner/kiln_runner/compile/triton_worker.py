"""A compile worker for `triton` units: keeps Triton imported and forks a confined copy for each source, which that copy then runs.

It speaks frames as the other compile workers do, and ends a compile at its limit itself, so that Triton stays warm.
`--probe ARCHITECTURE` compiles a known kernel the same way and prints {version, hidden} or {error}.
"""
import importlib
import inspect
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

from kiln_runner.compile.confined_run import Ended, run_confined
from kiln_runner.compile.confinement import Limits, Place, signals_are_confined, support, user_for
from kiln_runner.compile.log_text import LOG_CHARS_MAX
from kiln_runner.compile.triton_known import compile_known, known_unit
from kiln_runner.compile.units import Built, Infra, TimedOut, refused
from kiln_runner.frames import encode
from kiln_runner.identity import ROOT

PROBE_LIMIT_S = 25.0
SHARED_BYTES_MAX = 256 * 1024
WARPS_MAX = 64
HIDDEN_MAX = 8
NOT_USED = "Triton is not used on this host, since its sources are programs"
# What ptxas says of an architecture newer than itself: no fault of the source.
UNKNOWN_ARCHITECTURE = "is not defined for option 'gpu-name'"
LIMITS = Limits(memory_bytes=8 * 1024 ** 3, file_bytes=64 * 1024 * 1024, files=256, processes=64, cpu_seconds=None)


def run(argv: List[str]) -> int:
    if argv[:1] == ["--probe"]:
        print(json.dumps(probe(argv[1])), flush=True)
        return 0
    from kiln_runner.compile.worker import serve_units

    _keep_warm()
    compile_known()
    serve_units(lambda _tools: lambda job: lambda unit, _folder: compile_triton(unit, job))
    return 0


def compile_triton(unit: dict, job: dict) -> Built:
    """`job` has limitMs."""
    if not signals_are_confined():
        raise Infra("compiler_missing", f"{NOT_USED}: they could signal the runner. {support().why}")
    # Not below the runner's folder, which is closed to the user that the source runs as.
    folder = tempfile.mkdtemp(prefix="kiln-triton-", dir="/tmp")
    place = Place(folder, _needed(), user_for(os.getpid()))
    try:
        Path(folder, "candidate.py").write_text(unit["source"], encoding="utf-8")
        os.chmod(os.path.join(folder, "candidate.py"), 0o444)
        ended = run_confined(lambda: _build_and_encode(unit), place, LIMITS, job["limitMs"] / 1000)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _built(ended, folder)


def probe(architecture: str) -> dict:
    """What the inventory tells of Triton: {version, hidden}, or {error} with the step that mends it."""
    try:
        import triton

        _keep_warm()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    try:
        built = compile_triton(known_unit(architecture), {"limitMs": PROBE_LIMIT_S * 1000})
    except (Infra, TimedOut, OSError) as error:
        return {"error": str(error) or f"a known kernel was not compiled within {PROBE_LIMIT_S:.0f} s"}
    if not built.files:
        return {"error": built.log[:2000]}
    return {"version": triton.__version__, "hidden": built.kernels["known"]["hidden"]}


def _keep_warm() -> None:
    """Imports what every compile needs, so that forked copies have it. TypeError, ImportError with what to install."""
    import triton
    from triton.compiler import ASTSource

    importlib.import_module("kiln_runner.compile.triton_build")
    if "constexprs" not in inspect.signature(ASTSource.__init__).parameters:
        raise ImportError(f"Triton {triton.__version__} is too old; pip install 'triton>=3.3'")


def _needed() -> List[str]:
    """Places that the compiler reads, which must stay visible though they may be in somebody's home."""
    import triton

    places = [sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(triton.__file__)), *sys.path]
    found = [os.path.realpath(place) for place in places if place and os.path.exists(place)]
    # Of the runner all that is needed has been imported; the working folder is on the path by accident.
    return [place for place in dict.fromkeys(found) if place not in (str(ROOT), os.path.realpath(os.getcwd()))]


def _build_and_encode(unit: dict) -> bytes:
    """In the confined copy."""
    home = os.getcwd()
    os.environ.clear()
    # A cache of its own: one that sources share, a source could fill with other code under another's name.
    os.environ.update(PATH=os.defpath, HOME=home, TMPDIR=home, LC_ALL="C.UTF-8", CUDA_VISIBLE_DEVICES="", TRITON_CACHE_DIR=f"{home}/cache")
    tempfile.tempdir = home
    from kiln_runner.compile.triton_build import build, explain

    try:
        kernels = build(unit)
    except BaseException as error:
        return encode({"type": "failed", "log": explain(error)[:LOG_CHARS_MAX]})
    finally:
        # The process ends without Python's own end.
        sys.stdout.flush()
        sys.stderr.flush()
    facts = [
        {"name": k.name, "bytes": len(k.cubin), "shared": k.shared, "numWarps": k.num_warps, "hidden": k.hidden} for k in kernels
    ]
    return encode({"type": "built", "kernels": facts}, b"".join(kernel.cubin for kernel in kernels))


def _built(ended: Ended, folder: str) -> Built:
    if ended.how == "timed_out":
        raise TimedOut()
    if ended.how == "unconfinable":
        raise Infra("compiler_missing", f"{NOT_USED}: {ended.log}")
    printed = _without(ended.log, folder)
    if ended.answer is None:
        why = "its answer was too long" if ended.how == "flooded" else "the process ended without an answer: it left early or passed a limit"
        return refused(f"the source was not compiled: {why}\n{printed}")
    header = ended.answer.header
    if header["type"] == "failed" and UNKNOWN_ARCHITECTURE in str(header.get("log")):
        raise Infra("compiler_missing", "the ptxas of this host's Triton does not know the architecture; install a newer Triton")
    if header["type"] == "failed":
        return refused("\n".join(part for part in (_without(str(header.get("log")), folder), printed) if part))
    try:
        return _read(header, ended.answer.payload, printed)
    except (KeyError, TypeError, ValueError) as error:
        return refused(f"the source wrote into its compiler's answer: {type(error).__name__}")


def _read(header: Dict[str, Any], payload: bytes, log: str) -> Built:
    """The answer comes from the process that ran the source: every value is checked."""
    files, kernels, at = {}, {}, 0
    for number, fact in enumerate(header["kernels"]):
        size, shared, warps = _whole(fact["bytes"], len(payload)), _whole(fact["shared"], SHARED_BYTES_MAX), _whole(fact["numWarps"], WARPS_MAX)
        if fact["hidden"] != ["null_ptr"] * _whole(len(fact["hidden"]), HIDDEN_MAX) or payload[at : at + 4] != b"\x7fELF" or warps < 1:
            raise ValueError("not what the compiler makes")
        file = f"code-{number}.cubin"
        files[file] = payload[at : at + size]
        kernels[str(fact["name"])] = {"file": file, "shared": shared, "numWarps": warps, "hidden": fact["hidden"]}
        at += size
    if not files or at != len(payload):
        raise ValueError("not what the compiler makes")
    return Built(files, kernels, log, {})


def _whole(value: Any, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{value!r} is not within 0 and {most}")
    return value


def _without(text: str, folder: str) -> str:
    return text.replace(folder + "/", "").replace(folder, "").strip()
