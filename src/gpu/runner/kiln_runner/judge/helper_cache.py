"""Compiled helpers of the judge, kept under `<cache>/helpers` by the hash of everything they are made from."""
import fcntl
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Callable

from .failures import InfraFailure

COMPILE_SECONDS_MAX = 120
LOG_CHARS_MAX = 4000


def cached(cache: Path, name: str, made_from: list[str], make: Callable[[Path], None]) -> Path:
    """The file, made by `make(path)` if it is not there. Judges that start together make it once."""
    folder = cache / "helpers"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256("\0".join(made_from).encode()).hexdigest()[:32]
    target = folder / f"{digest}.{name}"
    if target.exists():
        return target
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                made = Path(temporary) / name
                make(made)
                os.replace(made, target)
    return target


def run_compiler(command: list[str], what: str) -> None:
    """InfraFailure `compiler_missing` or `internal` with the compiler's words."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMPILE_SECONDS_MAX)
    except FileNotFoundError as error:
        raise InfraFailure("compiler_missing", f"{what} needs {command[0]}, which is not on this host") from error
    except subprocess.TimeoutExpired as error:
        raise InfraFailure("internal", f"{what} took more than {COMPILE_SECONDS_MAX} s") from error
    if done.returncode:
        raise InfraFailure("internal", f"{what} failed: {(done.stderr or done.stdout)[-LOG_CHARS_MAX:]}")
