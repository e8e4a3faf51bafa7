"""How a person's command is started: no shell, a session of its own, the environment of the host's login, and no GPU unless one is lent."""
import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
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
# What people make is as they would expect; what the runner keeps is its user's alone.
UMASK = 0o022
ELF = b"\x7fELF"
LOOK_S = 10.0


class NotStarted(Exception):
    """As a shell tells it: an exit code, and words for stderr."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def start(
    order: Json, devices: list[str], *, stdin: int, stdout: int, stderr: int, on_pid: Optional[Callable[[int], None]] = None,
) -> "subprocess.Popen[bytes]":
    """Refused where the folder is wrong; NotStarted where the program is. `on_pid` is called in the new process, before it is the program."""
    folder = _folder(order["cwd"])
    environment = _environment(order["env"], devices)
    argv: list[str] = order["argv"]
    begin = functools.partial(
        subprocess.Popen, cwd=folder, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0, start_new_session=True
    )
    try:
        if on_pid is None and tie() and is_program(argv[0], folder, environment):
            # Without code of ours between fork and exec there is no copy of this process, which takes longer than many a command.
            return begin([*tie(), *argv], umask=UMASK)
        # This process has one thread, so that code between fork and exec is safe. It must not outlive who watches it.
        return begin(argv, preexec_fn=functools.partial(_prepare, on_pid))
    except FileNotFoundError as error:
        raise NotStarted(f"kiln: {argv[0]}: not found on this host", NOT_FOUND) from error
    except (OSError, ValueError) as error:
        raise NotStarted(f"kiln: {argv[0]}: {getattr(error, 'strerror', None) or error}", NOT_EXECUTABLE) from error


def _prepare(on_pid: Optional[Callable[[int], None]]) -> None:
    request_signal(signal.SIGKILL)
    if on_pid:
        on_pid(os.getpid())
    os.umask(UMASK)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


@functools.cache
def tie() -> list[str]:
    """Words before a command: what they start is killed when its parent dies, and becomes the command. Empty where the host has none: `setpriv` is of
    util-linux, which is on every host but the smallest, and older ones cannot do it."""
    words = [shutil.which("setpriv") or "", "--pdeathsig", "KILL", "--"]
    if not words[0]:
        return []
    try:
        asked = subprocess.run([*words, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LOOK_S)
    except (OSError, subprocess.SubprocessError):
        return []
    return words if asked.returncode == 0 else []


def is_program(name: str, folder: str, environment: Mapping[str, str]) -> bool:
    """Of machine code, to be found and run: of everything else it is known only by trying what is wrong with it."""
    has_place = os.sep in name
    found = os.path.join(folder, name) if has_place else shutil.which(name, path=environment.get("PATH", os.defpath))
    if found is None or not os.access(found, os.X_OK):
        return False
    try:
        with open(found, "rb") as file:
            return file.read(len(ELF)) == ELF
    except OSError:
        return False


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
