"""How a person's command is started: no shell, a session of its own, the environment of the host's login, and no GPU unless one is lent."""
import functools
import os
import signal
import subprocess
from typing import Callable, Optional

from kiln_runner.hostwork.channel import Refused
from kiln_runner.hostwork.tree import root_of
from kiln_runner.parent_death import PARENT_VARIABLE, request_signal
from kiln_runner.protocol import Json

NOT_FOUND = 127
NOT_EXECUTABLE = 126
# Set for the runner's own sake.
OURS = (PARENT_VARIABLE, "PYTHONUTF8", "PYTHONPATH")
VISIBLE = "CUDA_VISIBLE_DEVICES"


class NotStarted(Exception):
    """As a shell tells it: an exit code, and words for stderr."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def start(
    order: Json, devices: list[str], *, stdin: int, stdout: int, stderr: int, on_pid: Callable[[int], None] = lambda _pid: None,
) -> "subprocess.Popen[bytes]":
    """Refused where the folder is wrong; NotStarted where the program is. `on_pid` is called in the new process, before it is the program."""
    folder = _folder(order["cwd"])
    environment = _environment(order["env"], devices)
    argv: list[str] = order["argv"]
    try:
        return subprocess.Popen(
            argv, cwd=folder, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0, start_new_session=True,
            # This process has one thread, so that code between fork and exec is safe. It must not outlive who watches it.
            preexec_fn=functools.partial(_prepare, on_pid),
        )
    except FileNotFoundError as error:
        raise NotStarted(f"kiln: {argv[0]}: not found on this host", NOT_FOUND) from error
    except (OSError, ValueError) as error:
        raise NotStarted(f"kiln: {argv[0]}: {getattr(error, 'strerror', None) or error}", NOT_EXECUTABLE) from error


def _prepare(on_pid: Callable[[int], None]) -> None:
    request_signal(signal.SIGKILL)
    on_pid(os.getpid())
    # What the runner keeps is its user's alone; what people make is as they would expect.
    os.umask(0o022)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def ending_of(code: int) -> Json:
    """How a process ended, by its return code: `code` and `signal`, one of them null. Real-time signals have numbers for names."""
    if code >= 0:
        return {"code": code, "signal": None}
    try:
        return {"code": None, "signal": signal.Signals(-code).name}
    except ValueError:
        return {"code": None, "signal": f"SIG{-code}"}


def _folder(named: Optional[str]) -> str:
    folder = root_of(named or "~")
    if not os.path.isdir(folder):
        raise Refused(f"there is no folder {folder} on this host: push one there (kiln host push), or give another --cwd", "NOT_FOUND")
    return folder


def _environment(changes: list[str], devices: list[str]) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    # Beside a judge that times, a kernel of somebody else's would show in the ranking.
    environment[VISIBLE] = ",".join(devices)
    for change in changes:
        name, _, value = change.partition("=")
        environment[name] = value
    return environment
