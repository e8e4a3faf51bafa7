"""Run by test_confinement as another user or under a filter: `confined_probe.py TASK` with JSON on stdin, JSON on stdout.

walls: what a process behind the walls sees and can do. compile: sources through one cell. refuse=…: system calls that this whole process
is refused, as a container does.
"""
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src/gpu/runner"))
from kiln_runner.compile import call_filter
from kiln_runner.compile.cell import Cell
from kiln_runner.compile.confined_run import run_confined
from kiln_runner.compile.confinement import Limits, Place, support, taken_user
from kiln_runner.compile.system_calls import PR_SET_NO_NEW_PRIVS, prctl
from kiln_runner.compile.units import Infra
from kiln_runner.frames import encode

LANDLOCK_CREATE = 444
# Only so that what hangs ends.
LIMIT_S = 600


def refuse(names: "list[str]") -> None:
    """As the filter of a container: EPERM, for this process and all that it starts."""
    if not names:
        return
    architecture, clone, clone3, _ = call_filter._REFUSED[platform.machine()]
    numbers = [LANDLOCK_CREATE if name == "landlock" else call_filter.number_of(name) for name in names]
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    call_filter.install(call_filter.program(architecture, clone, clone3, numbers))


def tried(step: object) -> str:
    try:
        return f"done: {step()!r}"
    except BaseException as error:
        return type(error).__name__


def look(asked: dict) -> dict:
    """In the confined process."""
    import ctypes
    import socket

    def opened(path: str) -> str:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(200)

    def written(path: str) -> int:
        with open(path, "w", encoding="utf-8") as file:
            return file.write("x")

    status = Path("/proc/self/status")
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "uid": os.getuid(), "root": tried(lambda: sorted(os.listdir("/"))),
        "read": {path: tried(lambda path=path: opened(path)) for path in asked["read"]},
        "exists": {path: os.path.lexists(path) for path in asked["read"]},
        "write": {path: tried(lambda path=path: written(path)) for path in asked["write"]},
        "own": tried(lambda: written("mine")),
        "socket": tried(lambda: socket.socket()), "unix": tried(lambda: socket.socket(socket.AF_UNIX)),
        "signal": tried(lambda: os.kill(asked["pid"], 0)), "ptrace": libc.ptrace(16, asked["pid"], 0, 0),
        "unshare": libc.unshare(0x10000000), "mount": libc.mount(b"none", b"/", None, 4096 | 32, None),
        "root_again": bool(os.getuid()) and tried(lambda: os.setresuid(0, 0, 0)).startswith("done"), "proc": status.exists(),
        "descriptors": [number for number in range(4, 256) if os.path.exists(f"/dev/fd/{number}") or _is_open(number)],
    }


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
        return True
    except OSError:
        return False


def walls(asked: dict) -> dict:
    folder = tempfile.mkdtemp(prefix="kiln-walls-", dir="/tmp")
    limits = Limits(memory_bytes=None, file_bytes=1 << 20, files=256, processes=16, cpu_seconds=None)
    found = support()
    with taken_user() as user:
        place = Place(folder, [sys.prefix, sys.base_prefix], user)
        ended = run_confined(lambda: encode({"type": "seen", "seen": look(asked)}), place, limits, LIMIT_S)
    seen = ended.answer.header["seen"] if ended.answer else None
    return {"level": found.level, "how": ended.how, "log": ended.log, "seen": seen, "left": os.path.exists(folder)}


def compile_all(asked: dict) -> dict:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        cell, reported = Cell(asked["tools"], folder), []
        for unit in asked["units"]:
            try:
                built = cell.compile(unit, may_be_open=asked.get("mayBeOpen", False))
                reported.append({"files": sorted(built.files), "log": built.log})
            except Infra as error:
                reported.append({"infra": f"{error.code}: {error}"})
        cell.stop()
    return {"level": support().level, "told": reported}


if __name__ == "__main__":
    question = json.load(sys.stdin)
    refuse(question.get("refuse", []))
    print(json.dumps({"walls": walls, "compile": compile_all}[sys.argv[1]](question)))
