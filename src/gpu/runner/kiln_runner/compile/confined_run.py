"""Runs one untrusted task in a forked, confined copy of this process, and leaves nothing of it.

worker (warm, trusted) -> guardian (ends everything, also when the worker was killed) -> keeper (enters the namespaces)
-> first process of the namespace (its end is the end of all in it) -> the task. Only the task runs code of the source.
"""
import os
import re
import selectors
import shutil
import signal
import time
import traceback
from typing import Callable, Literal, NamedTuple, Optional

from kiln_runner.compile.confinement import Limits, Place, Unconfinable, Walls, drop_privileges, enter
from kiln_runner.compile.system_calls import PR_SET_CHILD_SUBREAPER, prctl
from kiln_runner.frames import Frame, FrameDecoder, FrameError, encode
from kiln_runner.host.memory import killed_for_memory
from kiln_runner.host.room import is_full
from kiln_runner.parent_death import request_signal

LOG_FILE = "output.log"
LOG_BYTES_MAX = 1024 * 1024
ANSWER_BYTES_MAX = 60 * 1024 * 1024
READ_BYTES = 256 * 1024
# How long what was killed may take to be gone: a busy machine gives it no time either.
SWEPT_S_MAX, SWEEP_PAUSE_S = 10.0, 0.01
# Written before the task runs, so that no source can say it: whether the walls stand.
_UNCONFINABLE, _CONFINED = b"!", b"."
# Written behind the task by the first process of the namespace, unless SIGKILL ended the task.
_LEFT = b"\nleft by itself\n"
# What compilers, and what starts them, say of a child that SIGKILL ended.
_KILLED = re.compile(rb"\bKilled\b|SIGKILL|[Ss]ignal:? 9\b|code:? -9\b")
_RESULT_DESCRIPTOR = 3
_DESCRIPTORS_MAX = 65536


Lacks = Literal["", "disk", "memory", "guardian"]


class Ended(NamedTuple):
    """`how`: answered (then `answer`), ended (without an answer), timed_out, flooded (the answer was too long), unconfinable. `lacks`: what the host
    had no room for meanwhile, whoever took it, as the guardian found: disk, memory (only where a process of the task was killed: the kernel tells
    of the whole machine), or nothing; `guardian` where somebody killed that one."""

    how: str
    answer: Optional[Frame]
    # What it printed, or why it could not be confined.
    log: str
    # Where it ran: a name that nobody needs to see.
    folder: str = ""
    lacks: Lacks = ""


def run_confined(task: Callable[[], bytes], place: Place, limits: Limits, limit_s: float) -> Ended:
    """`task` returns one frame. `place.folder` exists and is empty or ours; it is removed. Blocks for `limit_s` and a little."""
    limits = limits._replace(cpu_seconds=int(limit_s) + 2)
    lifeline, held = os.pipe()
    answer, reported = os.pipe()
    guardian = os.fork()
    if guardian == 0:
        os.close(held)
        os.close(answer)
        leave(lambda: _guard(task, place, limits, limit_s, lifeline, reported))
    os.close(lifeline)
    os.close(reported)
    try:
        frame = _decode(_read_all(answer))
    finally:
        os.close(answer)
        os.close(held)
        os.waitpid(guardian, 0)
    if frame is None:
        return Ended("ended", None, "the guardian of the compiler was killed", lacks="guardian")
    inner = _decode(frame.payload) if frame.header["how"] == "answered" else None
    how = "ended" if frame.header["how"] == "answered" and inner is None else frame.header["how"]
    return Ended(how, inner, frame.header["log"], lacks=frame.header["lacks"])


def _guard(task: Callable[[], bytes], place: Place, limits: Limits, limit_s: float, lifeline: int, reported: int) -> None:
    os.setsid()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    result, result_in = os.pipe()
    killed_before, guardian = killed_for_memory(), os.getpid()
    keeper = os.fork()
    if keeper == 0:
        leave(lambda: _keep(task, place, limits, result_in, guardian))
    os.close(result_in)
    how, data = _await(result, lifeline, time.monotonic() + limit_s)
    sweep(keeper, place)
    log = _log_of(place)
    is_lost = killed_for_memory() != killed_before and _says_killed(how, data, log)
    lacks: Lacks = "memory" if is_lost else "disk" if is_full(place.folder) else ""
    data = data[: -len(_LEFT)] if data.endswith(_LEFT) else data
    shutil.rmtree(place.folder, ignore_errors=True)
    if data.startswith(_UNCONFINABLE):
        how, data, log = "unconfinable", b"", data[1:].decode(errors="replace")
    os.set_blocking(reported, True)
    write_all(reported, encode({"type": "ended", "how": how, "log": log, "lacks": lacks}, data[len(_CONFINED) :] if how == "answered" else b""))


def was_killed(status: int) -> bool:
    """Whether SIGKILL ended the process of this wait status."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _says_killed(how: str, data: bytes, log: str) -> bool:
    """Whether SIGKILL ended the task, or a process that it started, as it says."""
    is_gone = how == "ended" and not data.endswith(_LEFT)
    return is_gone or _KILLED.search(data) is not None or _KILLED.search(log.encode()) is not None


def _keep(task: Callable[[], bytes], place: Place, limits: Limits, result: int, guardian: int) -> None:
    request_signal(signal.SIGKILL)
    if os.getppid() != guardian:
        # It died before the kernel knew that this process wants to die with it.
        return
    try:
        walls = enter(place)
        alive, held = os.pipe()
        first = os.fork()
        if first == 0:
            os.close(held)
            leave(lambda: _be_first(lambda: _run(task, place, walls, limits, result), result, alive))
        os.close(result)
        os.waitpid(first, 0)
    except (Unconfinable, OSError) as error:
        write_all(result, _UNCONFINABLE + str(error).encode())


def _be_first(run: Callable[[], None], result: int, keeper_alive: int) -> None:
    request_signal(signal.SIGKILL)
    os.set_blocking(keeper_alive, False)
    try:
        os.read(keeper_alive, 1)
        # The keeper died before the kernel knew that this process wants to die with it.
        return
    except BlockingIOError:
        pass
    untrusted = os.fork()
    if untrusted == 0:
        leave(run)
    _, status = os.waitpid(untrusted, 0)
    if not was_killed(status):
        write_all(result, _LEFT)


def _run(task: Callable[[], bytes], place: Place, walls: Walls, limits: Limits, result: int) -> None:
    _keep_descriptors(place, walls, result)
    try:
        drop_privileges(place, walls, limits)
    except (Unconfinable, OSError) as error:
        write_all(_RESULT_DESCRIPTOR, _UNCONFINABLE + str(error).encode())
        return
    write_all(_RESULT_DESCRIPTOR, _CONFINED)
    # A terminal signal of the worker's must not be caught by its handlers here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    write_all(_RESULT_DESCRIPTOR, task())


def _keep_descriptors(place: Place, walls: Walls, result: int) -> None:
    """Nothing of the worker's may be reached: neither its frames nor its pipes."""
    os.chdir(walls.inside)
    log = os.open(LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    moved = os.dup(result)
    for descriptor, wanted in ((nothing, 0), (log, 1), (log, 2), (moved, _RESULT_DESCRIPTOR)):
        os.dup2(descriptor, wanted, inheritable=wanted != _RESULT_DESCRIPTOR)
    os.closerange(_RESULT_DESCRIPTOR + 1, _DESCRIPTORS_MAX)


def _await(result: int, lifeline: int, deadline: float) -> "tuple[str, bytes]":
    """Until the task's frame is whole, its pipe is closed, time is up, or the worker is gone (whom nobody then answers)."""
    data, decoder = bytearray(), FrameDecoder()
    with selectors.DefaultSelector() as selector:
        for descriptor in (result, lifeline):
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select(max(0.0, deadline - time.monotonic()))}
            if lifeline in ready or not ready:
                return "timed_out", b""
            chunk = os.read(result, READ_BYTES)
            if not chunk:
                return "ended", bytes(data)
            answer = chunk if data else chunk[len(_CONFINED) :]
            data += chunk
            if len(data) > ANSWER_BYTES_MAX:
                return "flooded", b""
            if not data.startswith(_UNCONFINABLE) and _has_frame(decoder, answer):
                return "answered", bytes(data)


def _has_frame(decoder: FrameDecoder, chunk: bytes) -> bool:
    try:
        return any(True for _ in decoder.feed(chunk))
    except FrameError:
        # Not what our code writes: the source wrote there itself. It ends as a source that gave no answer.
        return False


def sweep(keeper: int, place: Place) -> None:
    """The namespace dies with its first process. Without one, every process of the task's user is killed, again while there are any."""
    os.kill(keeper, signal.SIGKILL)
    deadline = time.monotonic() + SWEPT_S_MAX
    while time.monotonic() < deadline:
        if os.geteuid() == 0 and place.user is not None:
            kill_all_of(place.user)
        _kill_children()
        if _reap():
            return
        time.sleep(SWEEP_PAUSE_S)


def kill_all_of(user: int) -> None:
    killer = os.fork()
    if killer == 0:
        os.setresuid(user, user, user)
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os._exit(0)
    os.waitpid(killer, 0)


def _kill_children() -> None:
    """Those of this process: also what its children started and left, since it is the one that orphans are given to."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        return
    for child in children:
        try:
            os.kill(int(child), signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def _reap() -> bool:
    """True once no child is left: orphans of the task become children of the guardian."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _log_of(place: Place) -> str:
    try:
        descriptor = os.open(os.path.join(place.folder, LOG_FILE), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(LOG_BYTES_MAX).decode(errors="replace")


def _decode(data: bytes) -> Optional[Frame]:
    try:
        return next(iter(FrameDecoder().feed(data)), None)
    except FrameError:
        return None


def leave(step: Callable[[], None]) -> None:
    """Runs a forked copy's part and ends it without going back into the worker's code."""
    try:
        step()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _read_all(descriptor: int) -> bytes:
    parts: list[bytes] = []
    while True:
        part = os.read(descriptor, READ_BYTES)
        if not part:
            return b"".join(parts)
        parts.append(part)


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]

