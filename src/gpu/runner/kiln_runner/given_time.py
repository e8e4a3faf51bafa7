"""What the kernel says of a process and all it started: whether they are stopped, and how long they waited for a processor.

Read from outside, so that nothing of it can be forged or disturbs what is measured. A process is stopped by a signal, by a debugger, or by
the freezer of its control group.
"""
import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Optional

PROCESSES_MAX = 256
NS_PER_S = 1e9
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PROC = "/proc"
_STOPPED = ("T", "t")


class Look(NamedTuple):
    """`stopped`: why the processes do not run ("process 12 is stopped by a signal"), or None. Since the look before, of all of them together:
    `waited_s`, how long they could have run and had no processor; `used_s`, how long they had one."""

    stopped: Optional[str]
    waited_s: float
    used_s: float


class _Counts(NamedTuple):
    waited_ns: int
    used_ticks: int


class GivenTime:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._counts: dict[int, _Counts] = {}
        self.look()

    def look(self) -> Look:
        stats = {pid: _stat(pid) for pid in tree_of(self._pid)}
        before, self._counts = self._counts, {pid: _Counts(_waited_ns(pid), _used_ticks(stat)) for pid, stat in stats.items()}
        # Of one that is new since then, all that it has.
        news = [(now, before.get(pid, _Counts(0, 0))) for pid, now in self._counts.items()]
        waited = sum(max(0, now.waited_ns - was.waited_ns) for now, was in news)
        used = sum(max(0, now.used_ticks - was.used_ticks) for now, was in news)
        why = next((why for why in (_why_stopped(pid, stat) for pid, stat in stats.items()) if why), None)
        return Look(why, waited / NS_PER_S, used / TICKS_PER_S)


def stopped_of(pids: Iterable[int]) -> list[int]:
    """Those that a signal stopped."""
    return [pid for pid in pids if _stat(pid)[:1] == [_STOPPED[0]]]


def tree_of(pid: int) -> list[int]:
    """The process and all that it started, as far as they live."""
    found = [pid]
    for parent in found:
        found += [child for child in _children(parent) if child not in found][: PROCESSES_MAX - len(found)]
    return found


def _children(pid: int) -> Iterator[int]:
    """Of every thread; none where the kernel does not tell (CONFIG_PROC_CHILDREN)."""
    try:
        for thread in os.listdir(f"{PROC}/{pid}/task"):
            yield from map(int, _read(f"{PROC}/{pid}/task/{thread}/children").split())
    except OSError:
        return


def _stat(pid: int) -> list[str]:
    """From the state on; the name before it may hold anything. Empty where the process is gone."""
    return _read(f"{PROC}/{pid}/stat").rpartition(")")[2].split()


def _used_ticks(stat: list[str]) -> int:
    return sum(map(int, stat[11:13]))


def _why_stopped(pid: int, stat: list[str]) -> Optional[str]:
    if stat and stat[0] in _STOPPED:
        return f"process {pid} is stopped by {'a debugger' if stat[0] == 't' else 'a signal'}"
    return f"process {pid} is frozen by its control group" if is_frozen(pid) else None


def is_frozen(pid: int, mount: str = "/sys/fs/cgroup") -> bool:
    """Of both versions of control groups."""
    for line in _read(f"{PROC}/{pid}/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and re.search(r"^frozen 1$", _read(f"{mount}{path}/cgroup.events"), re.MULTILINE):
            return True
        if "freezer" in controllers and _read(f"{mount}/freezer{path}/freezer.state").strip() in ("FROZEN", "FREEZING"):
            return True
    return False


def _waited_ns(pid: int) -> int:
    """How long its first thread waited on a run queue; 0 where the kernel does not tell."""
    words = _read(f"{PROC}/{pid}/schedstat").split()
    return int(words[1]) if len(words) > 1 else 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
