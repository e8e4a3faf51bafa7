"""The sandbox of a program: the second profile of the walls around compilers (compile/confinement.py).

A program keeps its process ids and its address space, because the driver of a GPU fails without them (in a pid namespace with error 304, under
RLIMIT_AS with error 2). In return it has a user of its own for each slot, so that it can signal nobody; may start no other program; sees a /dev with
the one device's nodes; and what it writes is in memory and goes with it.

`namespaces`: a root, network and IPC of its own, Landlock inside of it where the kernel has it. `landlock`: where namespaces are refused. `none`: no
program runs on this host.
"""
import os
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from kiln_runner.compile import landlock
from kiln_runner.compile.call_filter import filter_calls_of_programs
from kiln_runner.compile.confinement import (
    CELL_UID_BASE,
    LANDLOCK_LEVEL,
    NAMESPACES_LEVEL,
    NO_LEVEL,
    UID_SPAN,
    Limits,
    Place,
    Profile,
    Unconfinable,
    Walls,
    drop_privileges,
    enter_level,
)
from kiln_runner.compile.system_calls import NEWIPC, NEWNET, NEWNS, landlock_version
from kiln_runner.compile.view import DEVICES, View
from kiln_runner.programs.zygote_frames import ENDED_BYTES_MAX

# Apart from those that compile.
PROGRAM_UID_BASE = CELL_UID_BASE + UID_SPAN
# What the driver and PyTorch read beside the system's libraries. Configuration of the loader and of the driver, nothing of anybody's.
SHOWN = ("/etc/nvidia", "/etc/localtime", "/sys/bus", "/sys/class", "/sys/devices", "/sys/module", "/run/nvidia-persistenced", "/usr/share/zoneinfo")
_SHARED_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
FILES_MAX, INODES_MAX = 1024, 8192
# PyTorch, its libraries' memory and what CUDA maps of the host's.
MEMORY_BYTES_MAX = 32 * 1024 ** 3
# Pages of shared memory (System V) that an IPC namespace may hold.
_SHARED_PAGES_FILE, _SHARED_PAGES = "/proc/sys/kernel/shmall", "4096"
_NAMESPACES = NEWNS | NEWNET | NEWIPC


class Box(NamedTuple):
    """`folder`: empty, the program's own place (at the level `namespaces` only its name is used). `readable`: the environment, and what was built.
    `nodes`: of the one device; empty: none, nothing of a GPU is there. `level`: of `levels`."""

    folder: str
    readable: list[str]
    nodes: list[str]
    user: Optional[int]
    level: str


class Bounds(NamedTuple):
    limit_s: float
    memory_bytes: int
    scratch_bytes: int = 256 * 1024 * 1024
    processes: int = 256
    log_bytes: int = 64 * 1024 * 1024
    answer_bytes: int = ENDED_BYTES_MAX


def device_nodes(minor: int) -> list[str]:
    """Of one GPU, by the number of its node."""
    return [*_SHARED_NODES, f"/dev/nvidia{minor}"]


def levels() -> list[str]:
    """Those to try on this host, best first; a probe tells whether they hold."""
    if not signals_stay_inside():
        return []
    return [NAMESPACES_LEVEL, LANDLOCK_LEVEL] if landlock_version() > 0 else [NAMESPACES_LEVEL]


def signals_stay_inside() -> bool:
    """Without a pid namespace a program could end the runner, unless it is somebody else or the kernel forbids it."""
    return os.geteuid() == 0 or landlock_version() >= landlock.SCOPE_VERSION


def enter(box: Box, bounds: Bounds) -> Walls:
    """For a forked process with one thread. Unconfinable where the level cannot be had. What it still does must be ours: `close_up` is to follow."""
    if box.level == NO_LEVEL:
        raise Unconfinable("this host confines no program")
    return enter_level(_place(box), box.level, _profile(box, bounds))


def close_up(box: Box, walls: Walls, bounds: Bounds) -> None:
    """The last step of ours: from here on the program may run."""
    try:
        Path(_SHARED_PAGES_FILE).write_text(_SHARED_PAGES, encoding="ascii")
    except OSError:
        # Only root may, and only behind the walls of namespaces is it this process's own.
        pass
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
    limits = Limits(None, bounds.scratch_bytes, FILES_MAX, bounds.processes, int(bounds.limit_s * 64) + 60)
    drop_privileges(_place(box), walls, limits, _profile(box, bounds))
    os.environ.update(HOME=walls.inside, TMPDIR=os.path.join(walls.inside, "tmp"), USER="program", LOGNAME="program")
    # Python remembers where it put what is temporary, and making the root has asked for that.
    tempfile.tempdir = None


def _place(box: Box) -> Place:
    return Place(box.folder, [*box.readable, *(path for path in SHOWN if os.path.exists(path))], box.user)


def _profile(box: Box, bounds: Bounds) -> Profile:
    user = os.geteuid() if box.user is None else box.user
    scratch = f"size={bounds.scratch_bytes},nr_inodes={INODES_MAX},mode=700,uid={user}"
    return Profile(_NAMESPACES, View(_nodes(box.nodes), True, scratch.encode()), True, _filter)


def _nodes(nodes: Sequence[str]) -> list[str]:
    return [*DEVICES, *(node for node in nodes if os.path.exists(node))]


def _filter(level: str) -> None:
    # Where the network is the host's, so are the sockets of its services.
    filter_calls_of_programs(may_connect=level == NAMESPACES_LEVEL)
