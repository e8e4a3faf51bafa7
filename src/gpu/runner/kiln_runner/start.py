"""`start --dir DIR`: makes sure that a runner serves DIR, detached, and tells where: {"socket", "pid", "runnerHash"}."""
import argparse
import json
import os
import subprocess
import sys
import time
from typing import Optional

from kiln_runner.identity import own_environment, runner_hash, self_command
from kiln_runner.paths import EXIT_LOCKED, RunnerPaths, connect

# The inventory is taken first; where Triton is installed it compiles a kernel, from a cold disk in tens of seconds.
# Less than ANSWER_MS_MAX of the daemon's.
START_TIMEOUT_S = 110.0
POLL_S = 0.02
LOG_TAIL_BYTES = 2000


class StartFailure(Exception):
    """The server did not come up; the message ends with what its log says."""


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="start")
    parser.add_argument("--dir", required=True)
    return start_and_tell(RunnerPaths(parser.parse_args(argv).dir), "serve")


def start_and_tell(paths: RunnerPaths, command: str) -> int:
    try:
        ensure_started(paths, command)
    except StartFailure as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    print(json.dumps({"socket": os.fsencode(paths.socket).decode(errors="replace"), "pid": _pid(paths), "runnerHash": runner_hash()}), flush=True)
    return 0


def ensure_started(paths: RunnerPaths, command: str = "serve") -> None:
    """`command`: what serves the folder. Returns once the socket answers. Two callers at once start one server: the other's finds the lock taken."""
    if _answers(paths):
        return
    paths.create()
    server = _spawn(paths, command)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(paths):
        code = server.poll()
        if code not in (None, EXIT_LOCKED):
            raise StartFailure(f"the runner ended with {code} while it started. {_log_tail(paths)}")
        if time.monotonic() > deadline:
            late = f"the runner's socket {paths.socket} did not answer within {START_TIMEOUT_S:.0f} s"
            raise StartFailure(f"{late}. {_log_tail(paths)}")
        time.sleep(POLL_S)
    if _pid(paths) != server.pid:
        # Another starter's server was first. Ours must not wait in the wings and take over once that one is stopped.
        server.kill()
        server.wait()


def _spawn(paths: RunnerPaths, command: str) -> "subprocess.Popen[bytes]":
    log = os.open(paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # A session of its own: the end of the SSH connection that started it must not end it.
        return subprocess.Popen(
            self_command(command, "--dir", str(paths.folder)), env=own_environment(), cwd="/", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
    finally:
        os.close(log)


def _pid(paths: RunnerPaths) -> Optional[int]:
    try:
        return int(paths.pid.read_text())
    except (OSError, ValueError):
        return None


def _answers(paths: RunnerPaths) -> bool:
    connection = connect(paths)
    if connection is not None:
        connection.close()
    return connection is not None


def _log_tail(paths: RunnerPaths) -> str:
    try:
        text = paths.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return "It has no log."
    return f"The end of {paths.log}:\n{text}"
