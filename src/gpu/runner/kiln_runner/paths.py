"""The runner's folder: where its socket, lock, log, spool and caches are, and who may use it."""
import fcntl
import hashlib
import os
import socket
from pathlib import Path
from typing import Optional

# sun_path is 108 bytes with its final zero.
SOCKET_PATH_BYTES_MAX = 107
# Exit code of a server that found the folder served by another.
EXIT_LOCKED = 75


class RunnerPaths:
    """Names below DIR. Nothing is made until `create`."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).expanduser().absolute()
        self.pid = self.folder / "runner.pid"
        self.log = self.folder / "runner.log"
        self.lock = self.folder / "runner.lock"
        self.spool = self.folder / "spool"
        self.cache = self.folder / "cache"
        self.artifacts = self.cache / "artifacts"
        self.work = self.folder / "work"
        # By its name runners know their own processes (judge/gpu/telemetry.py).
        self.program = self.folder / "kiln_runner"
        # Says where the socket is, since a deep folder does not fit into a socket address.
        self.socket_note = self.folder / "socket"

    @property
    def socket(self) -> Path:
        near = self.folder / "runner.sock"
        if len(os.fsencode(near)) <= SOCKET_PATH_BYTES_MAX:
            return near
        return _short_folder() / (hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:24] + ".sock")

    def create(self) -> None:
        for folder in (self.folder, self.spool, self.cache, self.artifacts, self.work):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(self.folder, 0o700)
        if self.socket.parent != self.folder:
            _make_private(self.socket.parent)


def hostwork_paths(paths: RunnerPaths) -> RunnerPaths:
    """Of the process beside the runner that answers work on the host: a folder of its own in the runner's, so that it ends with this version."""
    return RunnerPaths(str(paths.folder / "hostwork"))


def take_lock(paths: RunnerPaths) -> Optional[int]:
    """File descriptor that holds the folder's lock for as long as it is open; None when another runner holds it."""
    descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def connect(paths: RunnerPaths) -> Optional[socket.socket]:
    """A connection to the folder's runner; None when none answers."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(paths.socket))
    except OSError:
        connection.close()
        return None
    return connection


def _short_folder() -> Path:
    return Path(f"/tmp/kiln-{os.getuid()}")


def _make_private(folder: Path) -> None:
    """/tmp is everyone's: a folder of this name made by somebody else would own our socket."""
    folder.mkdir(mode=0o700, exist_ok=True)
    status = os.lstat(folder)
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or folder.is_symlink():
        raise PermissionError(f"{folder} must be a folder of uid {os.getuid()} with mode 0700; remove it or use a shorter --dir")
