"""Ties a child's life to the runner server's, so that no process is left when the server is killed."""
import ctypes
import os
import signal

PARENT_VARIABLE = "KILN_RUNNER_PID"
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Asks the kernel for SIGKILL when the parent dies; exits at once when it has died before.

    Set by the child itself, not between fork and exec: the server has threads, and code there could deadlock.
    Does nothing for a command that a person runs (no KILN_RUNNER_PID).
    """
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is None:
        return
    request_signal(signal.SIGKILL)
    if os.getppid() != int(parent):
        os._exit(1)


def request_signal(number: int) -> None:
    """Which signal this process gets when its parent dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
