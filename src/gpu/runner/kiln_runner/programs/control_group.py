"""A control group for one program, where this process may make one: exact bounds of memory and processes. Versions 1 and 2."""
import os
from pathlib import Path
from typing import Optional

from kiln_runner.host.cgroup import own_path

ROOT = Path("/sys/fs/cgroup")
REMOVE_TRIES = 50
# version 1: controller -> what is written where.
_FILES_1 = {"memory": "memory.limit_in_bytes", "pids": "pids.max"}


class ControlGroup:
    """`folders`: one of version 2, or one of each controller of version 1."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders

    @staticmethod
    def make(memory_bytes: int, processes: int) -> "Optional[ControlGroup]":
        """None where the host lets this process make none."""
        name = f"kiln-program-{os.getpid()}"
        bounds = {"memory": memory_bytes, "pids": processes}
        return ControlGroup._make_2(name, bounds) or ControlGroup._make_1(name, bounds)

    def join(self) -> None:
        """For the program itself, before it is confined."""
        for folder in self._folders.values():
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def ran_out_of_memory(self) -> bool:
        for kind, file in (("2", "memory.events"), ("memory", "memory.oom_control")):
            folder = self._folders.get(kind)
            if folder is not None and any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in _lines(folder / file)):
                return True
        return False

    def remove(self) -> None:
        """Once no process is in it."""
        for folder in self._folders.values():
            for _ in range(REMOVE_TRIES):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    # The kernel is a little behind the end of processes.
                    os.sched_yield()

    @staticmethod
    def _make_2(name: str, bounds: dict[str, int]) -> "Optional[ControlGroup]":
        own = _own("")
        # A group with processes in it hands nothing on: then beside it, where that is allowed.
        for place in (ROOT / own, (ROOT / own).parent) if own is not None else ():
            if not (place / "cgroup.subtree_control").exists():
                continue
            folder = place / name
            try:
                if not {"memory", "pids"} <= set(_words(place / "cgroup.subtree_control")):
                    (place / "cgroup.subtree_control").write_text("+memory +pids")
                folder.mkdir()
                for controller, most in bounds.items():
                    (folder / f"{controller}.max").write_text(str(most))
                return ControlGroup({"2": folder})
            except OSError:
                _remove_quietly([folder])
        return None

    @staticmethod
    def _make_1(name: str, bounds: dict[str, int]) -> "Optional[ControlGroup]":
        folders: dict[str, Path] = {}
        try:
            for controller, most in bounds.items():
                own = _own(controller)
                if own is None:
                    raise OSError(f"no {controller} controller")
                folder = ROOT / controller / own / name
                folder.mkdir()
                folders[controller] = folder
                (folder / _FILES_1[controller]).write_text(str(most))
            return ControlGroup(folders)
        except OSError:
            _remove_quietly(list(folders.values()))
            return None


def _own(controller: str) -> Optional[str]:
    """This process's group, relative to the hierarchy's root."""
    own = own_path(Path("/proc/self"), controller)
    return None if own is None else own.lstrip("/")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _words(file: Path) -> list[str]:
    return " ".join(_lines(file)).split()


def _remove_quietly(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            pass
