"""The runner's log file: appended, size-limited, rotated once."""
import os
import sys
import time
from pathlib import Path

LOG_BYTES_MAX = 4 * 1024 * 1024
LINE_CHARS_MAX = 4000


class Log:
    """Writes lines to stderr; when that is the log file, moves it to `runner.log.1` once it is full."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, message: str) -> None:
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {message[:LINE_CHARS_MAX]}\n"
        try:
            sys.stderr.write(line)
            sys.stderr.flush()
            self._rotate()
        except OSError:
            # A full disk or a closed terminal must not stop the runner; there is nowhere left to say it.
            pass

    def _rotate(self) -> None:
        if not self._path.exists():
            return
        status = os.fstat(2)
        if status.st_size <= LOG_BYTES_MAX or not os.path.samestat(status, os.stat(self._path)):
            return
        os.replace(self._path, f"{self._path}.1")
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
