"""Folders in /tmp itself, for users to whom the runner's own folder is closed: those that compilers and programs run as.

kiln-KIND-PID-…, with the id of the process that made it. Whoever works in one has its lock (`hold`), which ends with the process however that ends: a
folder that nobody has was left by one that was killed.
"""
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

ROOT = "/tmp"
Kind = Literal["program", "build", "triton", "trial", "secret", "compiler", "companion"]
_PREFIXES = tuple(f"kiln-{kind}-" for kind in ("program", "build", "triton", "trial", "secret", "compiler", "companion"))
# Between being made and being held.
NEW_S = 60.0


def make(kind: Kind) -> str:
    """Empty, for its owner alone."""
    return tempfile.mkdtemp(prefix=f"kiln-{kind}-{os.getpid()}-", dir=ROOT if os.access(ROOT, os.W_OK) else None)


@contextmanager
def made(kind: Kind) -> Iterator[str]:
    """Had by this process and those that it forks meanwhile, and then removed."""
    folder = make(kind)
    descriptor = hold(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor >= 0:
            os.close(descriptor)


def hold(folder: str) -> int:
    """A descriptor; the lock is had until it is closed here and in every process that has a copy. -1 where the folder cannot be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return -1
    return descriptor


def remove_left(root: str = ROOT, new_s: float = NEW_S) -> list[str]:
    """Removes those that nobody has and that are older than `new_s` seconds; returns their paths. Other users' are left to them."""
    removed: list[str] = []
    for name in os.listdir(root):
        path = os.path.join(root, name)
        if not name.startswith(_PREFIXES):
            continue
        descriptor = hold(path)
        if descriptor < 0:
            continue
        if _is_ours(os.fstat(descriptor), new_s):
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
        os.close(descriptor)
    return removed


def _is_ours(found: os.stat_result, new_s: float) -> bool:
    # Programs and compilers own theirs where this process is root.
    return os.geteuid() in (0, found.st_uid) and stat.S_ISDIR(found.st_mode) and time.time() - found.st_mtime >= new_s
