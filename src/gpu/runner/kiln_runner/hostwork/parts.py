"""Files that are not whole yet: their chunks as they came, and beside them which of them were checked. What broke off goes on from here."""
import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator

from kiln_runner.hostwork.tree import PARTS, Tree

ABANDONED_S = 7 * 86_400.0


class Parts:
    """Opened by several requests at once: each writes chunks of its own."""

    def __init__(self, tree: Tree) -> None:
        self.folder = tree.parts()

    def name(self, path: str, size: int) -> str:
        return hashlib.sha256(f"{size} {path}".encode()).hexdigest()[:32]

    def checked(self, path: str, size: int) -> dict[int, str]:
        """Index -> digest, of the chunks that are there."""
        try:
            descriptor = os.open(f"{self.name(path, size)}.chunks", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.folder)
        except FileNotFoundError:
            return {}
        with os.fdopen(descriptor, encoding="ascii") as file:
            words = [line.split() for line in file if line.endswith("\n")]
        return {int(pair[0]): pair[1] for pair in words if len(pair) == 2}

    def open(self, path: str, size: int) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(f"{self.name(path, size)}.data", flags, 0o600, dir_fd=self.folder)

    def note(self, path: str, size: int, chunks: dict[int, str]) -> None:
        """They are written, and were checked."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(f"{self.name(path, size)}.chunks", flags, 0o600, dir_fd=self.folder)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.write(descriptor, "".join(f"{index} {digest}\n" for index, digest in chunks.items()).encode())
        finally:
            os.close(descriptor)

    def take(self, path: str, size: int) -> str:
        """Its name in `folder`: it is whole, and the caller moves it to its place."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.name(path, size)}.chunks", dir_fd=self.folder)
        return f"{self.name(path, size)}.data"

    def close(self, tree: Tree) -> None:
        """Removes what nobody went on with, and the folder once it is empty."""
        for name in list(self._abandoned()):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self.folder)
        os.close(self.folder)
        with contextlib.suppress(OSError):
            os.rmdir(PARTS, dir_fd=tree.descriptor)

    def _abandoned(self) -> Iterator[str]:
        for name in os.listdir(self.folder):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - os.stat(name, dir_fd=self.folder, follow_symlinks=False).st_mtime > ABANDONED_S:
                    yield name
