"""Processes of the tests: Python with the runner's source tree, and a deadline for whatever is waited for."""
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

RUNNER = Path(__file__).resolve().parents[3] / "src/gpu/runner"
WAIT_S = 600.0


@contextlib.contextmanager
def python(code: str, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Ends with the block at the latest."""
    environment = {**os.environ, "PYTHONPATH": str(RUNNER)}
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S:.0f} s: {what}")
        time.sleep(0.01)
