"""What the sandbox of programs holds on this host, shown by actions: some must fail in it, some must work. The inventory tells the result."""
import ctypes
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from kiln_runner import temporary_folders
from kiln_runner.compile.confinement import NO_LEVEL
from kiln_runner.programs import supervisor
from kiln_runner.programs.control_group import ControlGroup
from kiln_runner.programs.sandbox import Bounds, Box, levels

LIMIT_S = 30.0
MEMORY_BYTES = 2 * 1024 ** 3
NO_LEVELS = "programs need a runner that is root, or Linux 6.12 with Landlock, so that they cannot end it"
_PTRACE_SEIZE, _NEW_USER = 0x4206, 0x10000000
Action = Callable[[], object]


class SandboxLevel(NamedTuple):
    """`level`: the best one that held; none: no program runs here, and `why` says what failed at each. `bounded_by`: control group, or watching."""

    level: str
    why: str
    bounded_by: str


def probe(readable: list[str], nodes: list[str]) -> SandboxLevel:
    """Takes a second or two a level. `readable`: the environment's places. `nodes`: of a device whose driver must start, or none."""
    refused = [] if levels() else [NO_LEVELS]
    bounded_by = _bounds_by()
    for level in levels():
        why = try_level(level, readable, nodes)
        if not why:
            return SandboxLevel(level, "; ".join(refused), bounded_by)
        refused.append(f"{level}: {why}")
    return SandboxLevel(NO_LEVEL, "; ".join(refused), bounded_by)


def try_level(level: str, readable: list[str], nodes: list[str]) -> str:
    """Why it does not hold; empty where it does."""
    with temporary_folders.made("secret") as secret:
        # Anybody may read and write it outside: only the sandbox is in the way.
        os.chmod(secret, 0o777)
        Path(secret, "file").write_text("secret", encoding="ascii")
        os.chmod(os.path.join(secret, "file"), 0o666)
        box = Box(supervisor.make_folder(), readable, nodes, None, level)
        ended = supervisor.run(lambda: try_inside(os.path.join(secret, "file"), bool(nodes)), box, Bounds(LIMIT_S, MEMORY_BYTES))
        touched = sorted(os.listdir(secret)) != ["file"] or Path(secret, "file").read_text(encoding="ascii") != "secret"
    if ended.how != "answered":
        return f"{ended.how}: {ended.why or ended.log.strip()[-300:]}"
    wrong = json.loads(ended.answer)
    return "; ".join([*wrong, *(["a file outside was changed"] if touched else [])])[:600]


def try_inside(secret: str, has_device: bool) -> bytes:
    guardian = os.getppid()
    wrong = [f"{name} was possible" for name, action in _forbidden(secret, guardian).items() if _works(action) is None]
    needed = {**_needed(), **({"starting the GPU's driver": _start_driver} if has_device else {})}
    for name, action in needed.items():
        why = _works(action)
        if why is not None:
            wrong.append(f"{name} was not possible: {why}")
    return json.dumps(wrong).encode()


def _works(action: Action) -> Optional[str]:
    """None where it does; else why not. SystemExit of a forked copy is none of our business: it ends by os._exit."""
    try:
        action()
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]


def _forbidden(secret: str, guardian: int) -> dict[str, Action]:
    folder = os.path.dirname(secret)
    return {
        "reading a file outside": lambda: Path(secret).read_bytes(),
        "writing a file outside": lambda: Path(secret).write_text("changed", encoding="ascii"),
        "making a file outside": lambda: Path(folder, "made").write_text("x", encoding="ascii"),
        "listing a folder outside": lambda: os.listdir(folder),
        "writing to the system": lambda: Path(sys.prefix, "kiln-was-here").write_text("x", encoding="ascii"),
        "reading the system's accounts": lambda: Path("/etc/passwd").read_bytes(),
        "starting a program": lambda: subprocess.run(["/bin/true"], check=True),
        "a socket of the internet": lambda: socket.socket(socket.AF_INET),
        "a socket of the kernel": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "signalling its guardian": lambda: os.kill(guardian, 0),
        "tracing its guardian": lambda: _call("ptrace", _PTRACE_SEIZE, guardian, 0, 0),
        "reading the environment of another process": lambda: Path(f"/proc/{guardian}/environ").read_bytes(),
        "seeing what files another process has open": lambda: os.readlink(f"/proc/{guardian}/fd/0"),
        "opening the memory of another process": lambda: open(f"/proc/{guardian}/mem", "rb").close(),
        "a mount": lambda: _call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "a new user namespace": lambda: _call("unshare", _NEW_USER),
        "choosing its processors": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
        "a priority before others": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        "becoming root": lambda: os.setresuid(0, 0, 0) if os.getuid() else _fail("it is not root"),
        "another device": lambda: open("/dev/kmsg", "rb").close(),
    }


def _needed() -> dict[str, Action]:
    return {
        "a file of its own": _write_and_read, "a process of its own": _fork, "a thread": _start_thread,
        "memory shared by a descriptor": _share_memory,
        "a large reserved range of addresses": lambda: mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=0).close(),
        "a socket of this machine": lambda: socket.socket(socket.AF_UNIX).close(), "its own /proc": lambda: Path("/proc/self/maps").read_bytes(),
        "a pair of sockets": lambda: [end.close() for end in socket.socketpair()], "random numbers": lambda: Path("/dev/urandom").open("rb").read(8),
    }


def _write_and_read() -> None:
    Path("mine").write_text("x", encoding="ascii")
    if Path("mine").read_text(encoding="ascii") != "x":
        raise OSError("what was written did not come back")


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(7)
    if os.waitpid(child, 0)[1] >> 8 != 7:
        raise OSError("a forked process did not end as it should")


def _start_thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


def _share_memory() -> None:
    descriptor = os.memfd_create("probe")
    os.ftruncate(descriptor, 4096)
    mmap.mmap(descriptor, 4096)[0:1] = b"x"
    os.close(descriptor)


def _start_driver() -> None:
    cuda = ctypes.CDLL("libcuda.so.1")
    device, context = ctypes.c_int(), ctypes.c_void_p()
    for code in (
        cuda.cuInit(0), cuda.cuDeviceGet(ctypes.byref(device), 0), cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
        cuda.cuCtxSetCurrent(context),
    ):
        if code:
            raise OSError(f"CUDA error {code}")


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _fail(why: str) -> None:
    raise OSError(why)


def _bounds_by() -> str:
    """Tried in a process of its own, which the group would be named after."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        group = ControlGroup.make(MEMORY_BYTES, 64)
        if group:
            group.remove()
        os._exit(0 if group else 1)
    return "control group" if os.waitpid(child, 0)[1] == 0 else "watching"
