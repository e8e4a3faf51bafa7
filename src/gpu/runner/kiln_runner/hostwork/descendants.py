"""Everything a command started, also what left its process group: this process adopts what is orphaned below it, and can end it."""
import contextlib
import functools
import os
import signal
import time
from collections.abc import Iterator

from kiln_runner.compile.system_calls import PR_SET_CHILD_SUBREAPER, prctl

POLL_S = 0.01


def adopt_orphans() -> None:
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def adopt_no_more() -> None:
    prctl(PR_SET_CHILD_SUBREAPER, 0)


def reap() -> None:
    """Orphans that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def remaining() -> bool:
    reap()
    return any(True for _ in _children(os.getpid()))


def signal_all(number: int) -> None:
    for pid in list(_below(os.getpid())):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end_all(grace_s: float) -> None:
    """SIGTERM, then SIGKILL to what is left; returns when nothing is, as far as a kernel can be asked."""
    if not remaining():
        return
    signal_all(signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while remaining() and time.monotonic() < deadline:
        time.sleep(POLL_S)
    deadline = time.monotonic() + grace_s
    while remaining() and time.monotonic() < deadline:
        # Again and again: one that is killed may have been forking.
        signal_all(signal.SIGKILL)
        time.sleep(POLL_S)


def _below(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _below(child)


def _children(pid: int) -> list[int]:
    if not _are_listed():
        return _children_by_parent(pid)
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found: list[int] = []
    for task in tasks:
        try:
            # As bytes: a process that has just been forked would load an encoding first.
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found += [int(word) for word in file.read().split()]
        except OSError:
            # The thread is gone, and its children are another's.
            continue
    return found


@functools.cache
def _are_listed() -> bool:
    """Whether the kernel keeps lists of children (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _children_by_parent(pid: int) -> list[int]:
    found: list[int] = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                if int(file.read().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(name))
        except (OSError, IndexError, ValueError):
            continue
    return found
