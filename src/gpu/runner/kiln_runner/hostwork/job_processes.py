"""Processes of a job whose supervisor was killed: the kernel ends its command with it, and nobody ends what that had started.

They are known by a variable that they inherit, by their session and by their parents. Out of reach is what cleared its environment, began a
session of its own, and lost its parent.
"""
import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from kiln_runner.hostwork.channel import Refused

POLL_S = 0.05
GRACE_S = 10.0
VARIABLE = b"KILN_JOB="
_COMMAND = "command"


class Process(NamedTuple):
    """As /proc tells it. `started`: clock ticks since the boot; `job`: whose variable it has."""

    parent: int
    session: int
    started: int
    job: Optional[str]


Processes = dict[int, Process]


def mark(job_id: str) -> str:
    return VARIABLE.decode() + job_id


def keep_command(folder: Path, pid: int) -> None:
    """Its session is its own, and stays that of what it leaves behind. Without room on the disk the variable must do."""
    process = _process(pid)
    if process is not None:
        with contextlib.suppress(OSError):
            (folder / _COMMAND).write_text(f"{pid} {process.started} {_boot()}\n")


def living() -> Processes:
    """Of the whole host."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return {pid: process for pid in pids if (process := _process(pid)) is not None}


def of_job(folder: Path, processes: Processes) -> set[int]:
    ours = {pid for pid, process in processes.items() if process.job == folder.name}
    own_session = _session_of(folder, processes)
    while True:
        sessions = {processes[pid].session for pid in ours} | own_session
        more = {pid for pid, process in processes.items() if process.parent in ours or process.session in sessions}
        if more <= ours:
            return ours
        ours |= more


def end(folder: Path, refuse_hung_up: Callable[[], None]) -> None:
    """SIGTERM, and SIGKILL after a grace; returns when nothing is left."""
    left = of_job(folder, living())
    _signal(left, signal.SIGTERM)
    kill_at = time.monotonic() + GRACE_S
    while left:
        refuse_hung_up()
        if time.monotonic() >= kill_at + GRACE_S:
            raise Refused(f"{len(left)} processes of {folder.name} cannot be ended: look on the host for {sorted(left)[:8]}")
        if time.monotonic() >= kill_at:
            # Again and again: one that is killed may have been forking.
            _signal(left, signal.SIGKILL)
        time.sleep(POLL_S)
        left = of_job(folder, living())


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _session_of(folder: Path, processes: Processes) -> set[int]:
    """Empty where the number may be another's by now."""
    try:
        pid, started, boot = (folder / _COMMAND).read_text().split()
    except (OSError, ValueError):
        return set()
    leader = processes.get(int(pid))
    is_another = leader is not None and leader.started != int(started)
    return set() if is_another or boot != _boot() else {int(pid)}


def _process(pid: int) -> Optional[Process]:
    """None where it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, parent, _group, session, *rest = text.rsplit(")", 1)[1].split()
    return None if state in "ZX" else Process(int(parent), int(session), int(rest[15]), _job_of(pid))


def _job_of(pid: int) -> Optional[str]:
    """None too where another user's is not for us to read."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    named = [variable[len(VARIABLE) :] for variable in variables if variable.startswith(VARIABLE)]
    return named[-1].decode(errors="replace") if named else None


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
