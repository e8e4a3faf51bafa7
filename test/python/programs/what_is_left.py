"""What programs leave on a host, as tests look for it. Other suites run programs beside these, and kill some: only what is one's own counts."""
import os
import time
from collections.abc import Iterable
from pathlib import Path

from kiln_runner.programs.sandbox import PROGRAM_UID_BASE, UID_SPAN

# What others run beside ends by itself.
DEADLINE_S = 600.0


def processes_of_programs() -> list[int]:
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if PROGRAM_UID_BASE <= os.stat(f"/proc/{entry}").st_uid < PROGRAM_UID_BASE + UID_SPAN:
                found.append(int(entry))
        except OSError:
            continue
    return found


def groups_of(makers: Iterable[int]) -> list[str]:
    names = {f"kiln-program-{maker}" for maker in makers}
    return [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if os.path.basename(folder) in names]


def folders_of(maker: int) -> list[Path]:
    return sorted(Path("/tmp").glob(f"kiln-program-{maker}-*"))


def processes_that_stay(deadline_s: float = DEADLINE_S) -> list[int]:
    """Of those that are there now."""
    return _that_stay({pid: Path("/proc", str(pid)) for pid in processes_of_programs()}, deadline_s)


def folders_that_stay(maker: int, deadline_s: float = DEADLINE_S) -> list[Path]:
    return _that_stay({folder: folder for folder in folders_of(maker)}, deadline_s)


def _that_stay(paths: dict, deadline_s: float) -> list:
    deadline = time.monotonic() + deadline_s
    left = list(paths)
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [one for one in left if paths[one].exists()]
    return left
