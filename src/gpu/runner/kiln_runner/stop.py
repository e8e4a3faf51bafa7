"""`stop --dir DIR`: ends the runner that serves DIR, and what answers work on its host, and waits until they are gone. Unacknowledged results stay
on disk, and jobs go on."""
import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Optional

from kiln_runner.paths import RunnerPaths, hostwork_paths, take_lock

TERM_TIMEOUT_S = 10.0
KILL_TIMEOUT_S = 5.0
POLL_S = 0.02


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="stop")
    parser.add_argument("--dir", required=True)
    paths = RunnerPaths(parser.parse_args(argv).dir)
    return max(_end(hostwork_paths(paths)), _end(paths))


def _end(paths: RunnerPaths) -> int:
    for number, timeout_s in ((signal.SIGTERM, TERM_TIMEOUT_S), (signal.SIGKILL, KILL_TIMEOUT_S)):
        if _is_free(paths):
            return 0
        pid = _pid(paths)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if _wait_until_free(paths, timeout_s):
            return 0
    sys.stderr.write(f"the runner of {paths.folder} (pid {_pid(paths)}) does not end; look at {paths.log}\n")
    return 1


def _is_free(paths: RunnerPaths) -> bool:
    """Whether nobody serves the folder: the lock tells, a pid file may be old."""
    if not paths.lock.exists():
        return True
    lock = take_lock(paths)
    if lock is not None:
        os.close(lock)
    return lock is not None


def _wait_until_free(paths: RunnerPaths, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if _is_free(paths):
            return True
        time.sleep(POLL_S)
    return False


def _pid(paths: RunnerPaths) -> Optional[int]:
    try:
        return int(paths.pid.read_text())
    except (OSError, ValueError):
        return None
