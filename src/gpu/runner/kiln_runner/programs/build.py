"""The build stage of a program: its entry file is imported once without a GPU, in a confined copy of a warm worker, and what that built is kept.

`program-worker`: run by an environment's Python, spoken to as other compile workers are. Extensions that PyTorch builds, and what Triton put into its
cache, become one artifact by the hash of files, entry, environment and architecture; the same program again starts no compiler. A program that
cannot go on because there is no GPU here goes on where it is recorded. What a compiler refused is a compile error.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any, cast

from kiln_runner import temporary_folders
from kiln_runner.compile.blame import check_room
from kiln_runner.compile.confined_run import Ended, run_confined
from kiln_runner.compile.confinement import NO_LEVEL, Limits, Place, signals_are_confined, support, taken_user
from kiln_runner.compile.log_text import LOG_CHARS_MAX
from kiln_runner.compile.toolchain_places import places_of
from kiln_runner.compile.tools import Tools
from kiln_runner.compile.units import Built, Infra, TimedOut, refused
from kiln_runner.compile.worker_frames import CompileJob
from kiln_runner.frames import encode
from kiln_runner.programs.built import EXTENSIONS, FACTS, TRITON_CACHE
from kiln_runner.programs.environment_imports import IMPORTS, import_all, keep_settings, places
from kiln_runner.programs.extensions import Extensions
from kiln_runner.programs.own_trace import words_of
from kiln_runner.programs.program_files import Program, ProgramRefused, load_entry, program_of, write_files
from kiln_runner.programs.triton_compile import compile_kernels
from kiln_runner.protocol_programs import ProgramBuild

# PyTorch and the CUDA libraries that it maps, and a compiler with every header of theirs.
MEMORY_BYTES_MAX = 32 * 1024 ** 3
LIMITS = Limits(memory_bytes=MEMORY_BYTES_MAX, file_bytes=256 * 1024 * 1024, files=1024, processes=128, cpu_seconds=None)
JOBS = "2"
# What travels to another host; kernels that a recording asked for are built where it is made.
FILES_MAX, FILES_BYTES_MAX, FILES_OF_KERNELS_MAX = 250, 16 * 1024 * 1024, 2000
NOT_BUILT = "programs are not built on this host, since they run code while they are imported"
# What frameworks say where there is no device.
_NO_DEVICE = re.compile(
    r"No CUDA GPUs are available|no NVIDIA driver|Found no NVIDIA driver|no CUDA-capable device|CUDA error|CUDA driver|libcuda\.so|cuInit"
    r"|active drivers|not compiled with CUDA|CUDA is not available|Cannot initialize CUDA|invalid device ordinal|Invalid CUDA device"
)


def run(argv: list[str]) -> int:
    """`--imports a,b`: others than the usual ones."""
    from kiln_runner.compile.worker import serve_units

    keep_settings()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import_all(argv[argv.index("--imports") + 1].split(",") if "--imports" in argv else list(IMPORTS))
    serve_units(lambda tools: lambda job: lambda unit, _folder: build_program(cast(ProgramBuild, unit), job, tools))
    return 0


def build_program(unit: ProgramBuild, job: CompileJob, tools: Tools) -> Built:
    """`unit` has files, entry, architecture; `job` has limitMs. TimedOut; Infra where it cannot be confined."""
    if support().level == NO_LEVEL or not signals_are_confined():
        raise Infra("compiler_missing", f"{NOT_BUILT}: {support().why}")
    try:
        program = program_of(unit)
    except ProgramRefused as error:
        return refused(str(error))
    ended = _confined(program, unit, job["limitMs"] / 1000, tools)
    if ended.answer is None:
        return refused(f"the program ended its own process while it was imported\n{ended.log}")
    header, payload = ended.answer.header, ended.answer.payload
    if header.get("type") != "built":
        return refused(f"{str(header.get('log'))[:LOG_CHARS_MAX]}\n{ended.log}".strip())
    return _built_of(header, payload, ended.log, FILES_OF_KERNELS_MAX if unit.get("kernels") else FILES_MAX)


def _confined(program: Program, unit: ProgramBuild, limit_s: float, tools: Tools) -> Ended:
    started = time.monotonic()
    with temporary_folders.made("build") as folder, taken_user() as user:
        place = Place(folder, [*places(), *places_of(tools), *_cuda_home(tools)], user)
        ended = run_confined(lambda: _build_and_encode(program, unit, tools), place, LIMITS, limit_s)
    if ended.how == "timed_out" or time.monotonic() - started >= limit_s:
        raise TimedOut()
    if ended.how == "unconfinable":
        raise Infra("compiler_missing", f"{NOT_BUILT}: {ended.log}")
    check_room(ended)
    return ended._replace(log=ended.log.replace(folder + "/", ""))


def _build_and_encode(program: Program, unit: ProgramBuild, tools: Tools) -> bytes:
    """In the confined copy: runs the program's code. What it returns is read as hostile."""
    home, kernels = os.getcwd(), unit.get("kernels", [])
    _set_up(home, unit["architecture"], tools)
    root = write_files(program, home)
    extensions = Extensions(root)
    extension = sys.modules.get("torch.utils.cpp_extension")
    if extension is not None:
        extensions.keep(extension, os.path.join(home, EXTENSIONS))
    try:
        load_entry(program, root)
        unfinished = ""
    except BaseException as error:
        log = words_of(error, home)[-LOG_CHARS_MAX:]
        if extensions.failures:
            return encode({"type": "failed", "log": extensions.failures[-1].replace(home + "/", "")[-LOG_CHARS_MAX:]})
        if isinstance(error, ProgramRefused) or not _NO_DEVICE.search(str(error)):
            return encode({"type": "failed", "log": log})
        unfinished = log
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return _encode(extensions, home, unfinished, compile_kernels(kernels, home) if kernels else {})


def _encode(extensions: Extensions, home: str, unfinished: str, failures: dict[str, str]) -> bytes:
    files: list[tuple[str, bytes]] = []
    listed: dict[str, Any] = {"extensions": {}, "triton": {}, "failures": failures}
    for key, built in extensions.built.items():
        _strip(built.path)
        listed["extensions"][key] = {"name": built.name, "file": _take(files, built.path)}
    cache = os.path.join(home, TRITON_CACHE)
    for folder, _, names in os.walk(cache):
        for name in sorted(names):
            path = os.path.join(folder, name)
            listed["triton"][os.path.relpath(path, cache)] = _take(files, path)
    header = {"type": "built", "files": [[name, len(data)] for name, data in files], "listed": listed, "unfinished": unfinished[:LOG_CHARS_MAX]}
    return encode(header, b"".join(data for _, data in files))


def _take(files: list[tuple[str, bytes]], path: str) -> str:
    with open(path, "rb") as file:
        files.append((f"f{len(files)}", file.read(FILES_BYTES_MAX + 1)))
    return files[-1][0]


def _built_of(header: dict[str, Any], payload: bytes, printed: str, files_max: int) -> Built:
    """From a hostile answer."""
    try:
        files: dict[str, bytes] = {}
        at = 0
        for number, (name, size) in enumerate(header["files"]):
            if name != f"f{number}" or type(size) is not int or not 0 <= size <= len(payload) - at:
                raise ValueError("a file that is not there")
            files[name] = payload[at : at + size]
            at += size
        listed = header["listed"]
        extensions = {_hex(key): {"name": _name(entry["name"]), "file": _known(entry["file"], files)} for key, entry in listed["extensions"].items()}
        triton = {_relative(path): _known(name, files) for path, name in listed["triton"].items()}
        failures = {str(key)[:64]: str(words)[:LOG_CHARS_MAX] for key, words in listed["failures"].items()}
        unfinished = str(header["unfinished"])[:LOG_CHARS_MAX]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return refused(f"what came from the build is no answer of ours: {error}\n{printed}")
    if len(files) > files_max or sum(map(len, files.values())) > FILES_BYTES_MAX:
        return refused(f"what was built has {len(files)} files; at most {files_max} with {FILES_BYTES_MAX} bytes together are kept")
    facts = {"extensions": extensions, "triton": triton, "tritonFailures": failures, "finishesInRecorder": bool(unfinished)}
    log = "\n".join(part for part in (unfinished, printed) if part)
    return Built({FACTS: json.dumps(facts, sort_keys=True).encode(), **files}, {}, log, {}, bool(unfinished))


def _set_up(home: str, architecture: str, tools: Tools) -> None:
    path = [os.path.dirname(tool["path"]) for tool in (tools.get("nvcc"), tools.get("gcc")) if tool]
    found = _cuda_home(tools)
    os.environ.update(
        PATH=os.pathsep.join([*dict.fromkeys(path), os.path.dirname(sys.executable), os.defpath]), HOME=home, TMPDIR=home, LC_ALL="C.UTF-8",
        USER="program", CUDA_VISIBLE_DEVICES="", TORCH_CUDA_ARCH_LIST=arch_list(architecture), MAX_JOBS=JOBS,
        TORCH_EXTENSIONS_DIR=os.path.join(home, EXTENSIONS), TRITON_CACHE_DIR=os.path.join(home, TRITON_CACHE),
        **({"CUDA_HOME": found[0]} if found else {}),
    )
    tempfile.tempdir = home


def arch_list(architecture: str) -> str:
    """sm_90a -> 9.0a, as PyTorch's extensions name it."""
    found = re.fullmatch(r"sm_(\d+)(\d)([af]?)", architecture)
    return f"{found.group(1)}.{found.group(2)}{found.group(3)}" if found else ""


def _cuda_home(tools: Tools) -> list[str]:
    nvcc = tools["nvcc"]
    if not nvcc:
        return []
    home = os.path.dirname(os.path.dirname(os.path.realpath(nvcc["path"])))
    return [home] if home not in ("/", "/usr", "/usr/local") and os.path.isdir(home) else []


def _strip(path: str) -> None:
    strip = shutil.which("strip")
    if strip:
        subprocess.run([strip, "--strip-unneeded", path], check=False, capture_output=True, timeout=60)


def _hex(key: Any) -> str:
    if not isinstance(key, str) or not re.fullmatch(r"[0-9a-f]{32}", key):
        raise ValueError("a key that is none")
    return key


def _name(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"(?a)\w{1,128}(\.[\w-]{1,100})?", name):
        raise ValueError("a name that no module has")
    return name


def _relative(path: Any) -> str:
    if not isinstance(path, str) or not re.fullmatch(r"(?a)[\w-]{1,128}/[\w.-]{1,200}", path) or "/." in path:
        raise ValueError("a place that no cache has")
    return path


def _known(name: Any, files: dict[str, bytes]) -> str:
    if name not in files:
        raise ValueError("a file that is not there")
    return name
