"""A copy of the archive as a folder, from which children start that are started often: Python keeps the bytecode of a folder's modules, and compiles
those of an archive anew in every process, for longer than a judge takes for all else until it asks the driver.

It lies in the runner's own folder, which nobody else may enter, and goes with that: another version has a folder of its own. Modes: none (run from
source, or the disk refused: children start from the archive) -> whole, from its renaming on. Only who holds the runner's lock makes one.
"""
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, Optional

from kiln_runner.identity import ROOT, runner_hash
from kiln_runner.paths import RunnerPaths

MAIN = "__main__.py"
# Names the archive that it was made from.
MARK = "unpacked-from"
PART = ".part"


def unpack(paths: RunnerPaths, log: Callable[[str], None], archive: Path = ROOT) -> Optional[Path]:
    """The copy, made where there is none; None where children start from what this runner was started from."""
    if not archive.is_file():
        return None
    copy = paths.program
    try:
        if _is_whole(copy):
            return copy
        _make(archive, copy)
    except (OSError, zipfile.BadZipFile) as error:
        log(f"judges start from the archive, which takes longer: it cannot be unpacked to {copy}: {error}")
        return None
    return copy


def command_of(copy: Optional[Path], otherwise: list[str]) -> list[str]:
    """`otherwise`: the command that starts from the archive."""
    return otherwise if copy is None else [sys.executable, str(copy), *otherwise[2:]]


def keeping_bytecode(environment: Mapping[str, str]) -> dict[str, str]:
    """Also where this machine's Python is told to keep none: beside the copy it is in nobody's way."""
    return {name: value for name, value in environment.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}


def _is_whole(copy: Path) -> bool:
    """And nobody else's work."""
    try:
        is_same = (copy / MARK).read_text() == runner_hash()
        found = os.lstat(copy)
    except OSError:
        return False
    return is_same and stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _make(archive: Path, copy: Path) -> None:
    part = copy.with_name(copy.name + PART)
    for left in (part, copy):
        _remove(left)
    part.mkdir(mode=0o700)
    with zipfile.ZipFile(archive) as file:
        file.extractall(part)
    (part / MARK).write_text(runner_hash())
    os.rename(part, copy)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
