"""A control group for one program, where this process may make one: exact bounds of memory and processes. Versions 1 and 2.

Its folders are had by the process that made it (temporary_folders.py): those that nobody has were left by one that was killed.
"""
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from kiln_runner.host.cgroup import own_path
from kiln_runner.temporary_folders import hold

ROOT = Path("/sys/fs/cgroup")
# How long killed processes may take to leave it: a busy machine gives them no time either.
REMOVE_S_MAX, REMOVE_PAUSE_S = 10.0, 0.002
_PREFIX = "kiln-program-"
# version 1: controller -> what is written where.
_FILES_1 = {"memory": "memory.limit_in_bytes", "pids": "pids.max"}


class ControlGroup:
    """`folders`: one of version 2, or one of each controller of version 1."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        self._held = [hold(str(folder)) for folder in folders.values()]

    @staticmethod
    def make(memory_bytes: int, processes: int) -> "Optional[ControlGroup]":
        """None where the host lets this process make none."""
        name = group_name(os.getpid())
        bounds = {"memory": memory_bytes, "pids": processes}
        return ControlGroup._make_2(name, bounds) or ControlGroup._make_1(name, bounds)

    def join(self) -> None:
        """For the program itself, before it is confined."""
        for folder in self._folders.values():
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def lost_a_process(self) -> bool:
        """Whether the kernel ended one of it for want of memory: its own bound, or the host's."""
        return self._counts("2", "memory.events", "oom_kill ") or self._counts("memory", "memory.oom_control", "oom_kill ")

    def reached_its_bound(self) -> bool:
        """Of memory."""
        return self._counts("2", "memory.events", "oom ") or self._counts("memory", "memory.failcnt", "")

    def _counts(self, kind: str, file: str, word: str) -> bool:
        folder = self._folders.get(kind)
        return folder is not None and any(line.startswith(word) and line[len(word) :].strip() not in ("", "0") for line in _lines(folder / file))

    def remove(self) -> None:
        """Once no process is in it."""
        for folder in self._folders.values():
            _remove(folder)
        for descriptor in self._held:
            if descriptor >= 0:
                os.close(descriptor)
        self._held = []

    @staticmethod
    def _make_2(name: str, bounds: dict[str, int]) -> "Optional[ControlGroup]":
        for place in _places_2():
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


def group_name(maker: int) -> str:
    """`maker`: its process id."""
    return f"{_PREFIX}{maker}"


def remove_left_groups() -> None:
    """Ends what is in groups that nobody has, and removes them."""
    for folder in _all_groups():
        descriptor = hold(str(folder))
        if descriptor < 0:
            continue
        # One that was made just now is held in a moment.
        if not Path("/proc", folder.name[len(_PREFIX) :]).exists():
            _end_all_in(folder)
            _remove(folder)
        os.close(descriptor)


def _all_groups() -> Iterator[Path]:
    for place in {*_places_2(), *_places_1()}:
        try:
            yield from sorted(place.glob(f"{_PREFIX}*"))
        except OSError:
            continue


def _end_all_in(folder: Path) -> None:
    for pid in _words(folder / "cgroup.procs"):
        try:
            os.kill(int(pid), signal.SIGKILL)
        except (OSError, ValueError):
            pass


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + REMOVE_S_MAX
    while time.monotonic() < deadline:
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            # The kernel is a little behind the end of processes.
            time.sleep(REMOVE_PAUSE_S)


def _places_2() -> list[Path]:
    own = _own("")
    # A group with processes in it hands nothing on: then beside it, where that is allowed.
    return [] if own is None else [ROOT / own, (ROOT / own).parent]


def _places_1() -> list[Path]:
    owns = ((controller, _own(controller)) for controller in _FILES_1)
    return [ROOT / controller / own for controller, own in owns if own is not None]


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
