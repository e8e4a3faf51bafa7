"""A child for each task, bounded in time and memory; what it leaves behind is ended with it.

Children are forks of this process, in which PyTorch is imported once. An answer is a file that the child writes last.
"""
import contextlib
import ctypes
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Callable, NamedTuple, NoReturn, Optional

ANSWER_BYTES_MAX = 8 << 20
SIDE_BY_SIDE_MAX = 4
_LOOK_SECONDS = 0.02
# The exit status of a child that could not write its answer.
NOT_WRITTEN = 74
# It ends with this process, which may be ended at any time.
_PR_SET_PDEATHSIG = 1
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Work = Callable[["dict[str, Any]"], "dict[str, Any]"]


class Bounds(NamedTuple):
    seconds: float
    memory_bytes: int


class _Child(NamedTuple):
    pid: int
    task: int
    answer: Path
    until: float


def answer_each(tasks: list[dict[str, Any]], work: Work, bounds: Bounds) -> list[dict[str, Any]]:
    """{"described"} or {"refused": why}, in the order of the tasks."""
    answers: list[dict[str, Any]] = [{} for _ in tasks]
    width = max(1, min(SIDE_BY_SIDE_MAX, os.cpu_count() or 1))
    waiting, running = list(range(len(tasks))), list[_Child]()
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < width:
                index = waiting.pop(0)
                running.append(_start(index, tasks[index], work, Path(folder) / f"{index}.json", bounds))
            time.sleep(_LOOK_SECONDS)
            for child in list(running):
                ended = _ended(child, bounds)
                if ended is not None:
                    running.remove(child)
                    answers[child.task] = ended
    return answers


def _start(index: int, task: dict[str, Any], work: Work, answer: Path, bounds: Bounds) -> _Child:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _be_child(task, work, answer)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)
    return _Child(pid, index, answer, time.monotonic() + bounds.seconds)


def _be_child(task: dict[str, Any], work: Work, answer: Path) -> NoReturn:
    # Whatever comes, it never goes on as the process that it is a fork of.
    try:
        finished = answer.with_suffix(".part")
        finished.write_text(_said(task, work))
        finished.rename(answer)
        os._exit(0)
    finally:
        os._exit(NOT_WRITTEN)


def _said(task: dict[str, Any], work: Work) -> str:
    """As JSON: what `work` returns, or why it does not."""
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        # Where files that it makes end up; theirs are left as they are.
        sys.dont_write_bytecode = True
        return _document(work(task))
    except BaseException as error:  # also SystemExit of a person's file
        return json.dumps({"refused": _reason(error)})


def _document(told: dict[str, Any]) -> str:
    try:
        return json.dumps(told, allow_nan=False)
    except ValueError:
        return json.dumps({"refused": "a number of it is infinite or NaN, which problem.yaml does not hold"})


def _reason(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # their class may say so in code of its own
        text = "it cannot be put into words"
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return f"{type(error).__name__}: {text}{''.join(f' ({one.filename}:{one.lineno})' for one in last)}"


def _ended(child: _Child, bounds: Bounds) -> Optional[dict[str, Any]]:
    """None while it goes on."""
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    if pid != 0:
        _end_group(child.pid)
        return _read(child.answer, status)
    reason = ""
    if time.monotonic() > child.until:
        reason = f"it did not end within {bounds.seconds:g} s, and was ended"
    elif _memory_of(child.pid) > bounds.memory_bytes:
        reason = f"it took more than {bounds.memory_bytes >> 20} MiB of memory, and was ended"
    if not reason:
        return None
    _end_group(child.pid)
    os.waitpid(child.pid, 0)
    return {"refused": reason}


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _read(answer: Path, status: int) -> dict[str, Any]:
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == NOT_WRITTEN:
        return {"refused": f"its answer could not be written to {answer.parent}: is there room?"}
    if not answer.exists():
        how = f"by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"with exit status {os.WEXITSTATUS(status)}"
        return {"refused": f"it ended its own process {how}"}
    if answer.stat().st_size > ANSWER_BYTES_MAX:
        return {"refused": f"what it describes is more than {ANSWER_BYTES_MAX >> 20} MiB of text"}
    return json.loads(answer.read_text())


def _memory_of(pid: int) -> int:
    """Resident, of this process alone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    return 0
