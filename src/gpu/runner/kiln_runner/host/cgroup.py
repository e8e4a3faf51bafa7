"""Limits that a container or a service manager sets on this process by control groups, version 2 and 1. None: no limit.

Every group from this process's own up to the root may limit it: the least counts.
"""
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, Optional

# Version 1 says "no limit" by a number near 2^63.
_UNLIMITED_BYTES = 1 << 60


def processor_limit(proc: Path = Path("/proc/self")) -> Optional[float]:
    """Processors' worth of time, such as 2.5."""
    return _least(proc, "cpu", _quota_2, _quota_1)


def memory_limit(proc: Path = Path("/proc/self")) -> Optional[int]:
    """Bytes."""
    least = _least(proc, "memory", lambda group: _bytes(group / "memory.max"), lambda group: _bytes(group / "memory.limit_in_bytes"))
    return None if least is None else int(least)


def _least(
    proc: Path, controller: str, of_2: Callable[[Path], Optional[float]], of_1: Callable[[Path], Optional[float]]
) -> Optional[float]:
    reported = [of_2(group) for group in _groups(proc, "cgroup2", "")]
    reported += [of_1(group) for group in _groups(proc, "cgroup", controller)]
    return min((limit for limit in reported if limit is not None), default=None)


def _groups(proc: Path, kind: str, controller: str) -> Iterator[Path]:
    """This process's group and those above it, as folders; none where the hierarchy is not mounted."""
    own = own_path(proc, controller)
    mounted = next(_mounts(proc, kind, controller), None)
    if own is None or mounted is None:
        return
    root, point = mounted
    # In a container what is mounted may be the group itself, under its name on the host.
    inside = os.path.relpath(own, root) if own == root or own.startswith(root.rstrip("/") + "/") else "."
    group = point if inside == "." else point / inside
    while True:
        yield group
        if group == point or point not in group.parents:
            return
        group = group.parent


def own_path(proc: Path, controller: str) -> Optional[str]:
    """This process's group in a hierarchy; `controller` is empty for version 2. Lines are `number:controllers:path`, without controllers there."""
    for line in _lines(proc / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and (controller or not controllers):
            return path
    return None


def _mounts(proc: Path, kind: str, controller: str) -> "Iterator[tuple[str, Path]]":
    """(what of the hierarchy is mounted, where)."""
    for line in _lines(proc / "mountinfo"):
        before, _, after = line.partition(" - ")
        fields, (found, _, options) = before.split(), after.split(" ", 2)
        if found == kind and (not controller or controller in options.strip().split(",")):
            yield fields[3], Path(fields[4])


def _quota_2(group: Path) -> Optional[float]:
    words = _text(group / "cpu.max").split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0].isdigit() else None


def _quota_1(group: Path) -> Optional[float]:
    quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _bytes(file: Path) -> Optional[float]:
    text = _text(file)
    return int(text) if text.isdigit() and int(text) < _UNLIMITED_BYTES else None


def whole_processors(limit: float) -> int:
    return max(1, math.ceil(limit))


def _lines(file: Path) -> list[str]:
    return _text(file).splitlines()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
