"""Runs one program in its sandbox, holds it to its bounds, and leaves nothing of it.

A program that is stopped goes on: it may have stopped itself, to pass for one that its host gives no time.

caller (trusted, warm) -> guardian (trusted; ends everything, also when the caller was killed) -> the program. The guardian has no channel that a
program could write to but its log and one answer, both bounded, both bytes. How it ended is the guardian's own finding.
"""
import fcntl
import os
import resource
import selectors
import shutil
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

from kiln_runner.compile.confined_run import kill_all_of, leave, sweep, was_killed, write_all
from kiln_runner.compile.confinement import LANDLOCK_LEVEL, Place, Unconfinable, take_user
from kiln_runner.compile.system_calls import PR_SET_CHILD_SUBREAPER, prctl
from kiln_runner.frames import FrameDecoder, FrameError, encode
from kiln_runner.given_time import stopped_of, tree_of
from kiln_runner.host.memory import killed_for_memory
from kiln_runner.host.room import is_full
from kiln_runner.parent_death import request_signal
from kiln_runner.programs import sandbox
from kiln_runner.programs.control_group import ControlGroup
from kiln_runner.programs.sandbox import Bounds, Box
from kiln_runner.programs.usage import memory_of, scratch_of
from kiln_runner.temporary_folders import hold, make
from kiln_runner.time_limit import ASLEEP_S, FairTime

LOOK_S = 0.05
# So often something of it may be found stopped.
STOPS_MAX = 20
STATUS_LOOKS, STATUS_PAUSE_S = 20, 0.005
READ_BYTES = 256 * 1024
KEPT_HEAD_BYTES, KEPT_TAIL_BYTES = 64 * 1024, 192 * 1024
ANSWER_DESCRIPTOR = 3
_DESCRIPTORS_MAX = 65536
# Written before the program runs, so that no program can say it: whether the walls stand.
_UNCONFINABLE, _CONFINED = b"!", b"."
Task = Callable[[], bytes]


class Ended(NamedTuple):
    """`how`: answered (then `answer`), ended (by itself, without one), timed_out, over (a bound, `why`), suspended (it did not get its time),
    unconfinable. `status`: of the process, as os.waitpid tells it."""

    how: str
    why: str
    status: int
    log: str
    answer: bytes


class Running(NamedTuple):
    """`ended`: a descriptor with one frame, then its end. `held`: closing it ends the program."""

    guardian: int
    ended: int
    held: int


def start(task: Task, box: Box, bounds: Bounds, descriptors: Sequence[int] = ()) -> Running:
    """`task` returns bytes, in the sandbox. `descriptors` are 4, 5, … there. `box.user` is chosen by the guardian where it is None and can be."""
    lifeline, held = os.pipe()
    ended, reported = os.pipe()
    guardian = os.fork()
    if guardian == 0:
        _close_all_but([lifeline, reported, *descriptors])
        leave(lambda: _guard(task, box, bounds, list(descriptors), lifeline, reported))
    os.close(lifeline)
    os.close(reported)
    return Running(guardian, ended, held)


def run(task: Task, box: Box, bounds: Bounds, descriptors: Sequence[int] = ()) -> Ended:
    """Blocks until it is over."""
    return wait_for(start(task, box, bounds, descriptors))


def wait_for(running: Running) -> Ended:
    """Blocks until it is over."""
    try:
        with os.fdopen(running.ended, "rb") as pipe:
            data = pipe.read()
    finally:
        os.close(running.held)
        os.waitpid(running.guardian, 0)
    return ended_of(data)


def ended_of(data: bytes) -> Ended:
    """From what a guardian told. The answer in it is the program's: bytes, and no more."""
    try:
        frame = next(iter(FrameDecoder().feed(data)), None)
    except FrameError:
        frame = None
    if frame is None:
        return Ended("suspended", "the guardian of the program was killed", 0, "", b"")
    header = frame.header
    return Ended(header["how"], header["why"], header["status"], header["log"], data[len(data) - header["bytes"] :] if header["bytes"] else b"")


def make_folder() -> str:
    return make("program")


def _guard(task: Task, box: Box, bounds: Bounds, descriptors: list[int], lifeline: int, reported: int) -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    # Had until this process is gone.
    hold(box.folder)
    user, held_user = take_user(sandbox.PROGRAM_UID_BASE) if box.user is None else (box.user, None)
    box = box._replace(user=user)
    if user is not None:
        # Nobody else has it now: what is there was left when a guardian was killed.
        kill_all_of(user)
    group = ControlGroup.make(bounds.memory_bytes, bounds.processes)
    watch = _Watch(box, bounds, group)
    try:
        how, why, answer, status = watch.run(task, descriptors, lifeline)
    finally:
        shutil.rmtree(box.folder, ignore_errors=True)
        if group:
            group.remove()
        if held_user:
            held_user.close()
    os.set_blocking(reported, True)
    header = {"type": "ended", "how": how, "why": why, "status": status, "log": watch.log.text(), "bytes": len(answer)}
    try:
        write_all(reported, encode(header))
        write_all(reported, answer)
    except BrokenPipeError:
        # The caller is gone; nobody wants to know.
        pass


class _Watch:
    """One program from its fork to the last of its processes."""

    def __init__(self, box: Box, bounds: Bounds, group: Optional[ControlGroup]) -> None:
        self._box, self._bounds, self._group = box, bounds, group
        self.log = _Log()
        self._answer = bytearray()
        self._stops = 0
        self._killed_before = killed_for_memory()

    def run(self, task: Task, descriptors: list[int], lifeline: int) -> "tuple[str, str, bytes, int]":
        answer, answer_in = os.pipe()
        log, log_in = os.pipe()
        program = os.fork()
        if program == 0:
            leave(lambda: _be_program(task, self._box, self._bounds, self._group, [answer_in, log_in, *descriptors]))
        os.close(answer_in)
        os.close(log_in)
        how, why = self._wait(program, answer, log, lifeline)
        if how == "answered" and bytes(self._answer[:1]) == _UNCONFINABLE:
            how, why = "unconfinable", self._answer[1:].decode(errors="replace")
        elif how == "answered" and len(self._answer) <= len(_CONFINED):
            how = "ended"
        status = _status_of(program)
        how, why = self._judged(how, why, status)
        sweep(program, Place(self._box.folder, [], self._box.user))
        self._drain(log)
        os.close(answer)
        os.close(log)
        return how, why, bytes(self._answer[len(_CONFINED) + 1 :]) if how == "answered" else b"", status

    def _judged(self, how: str, why: str, status: int) -> "tuple[str, str]":
        """What the host had no room for is nobody's doing. Without a group the kernel tells only of the whole machine."""
        if how == "ended" and self._group and self._group.lost_a_process() and self._group.reached_its_bound():
            return "over", self._memory_words()
        is_lost = self._group.lost_a_process() if self._group else was_killed(status) and killed_for_memory() != self._killed_before
        if how == "ended" and is_lost:
            return "suspended", "this host ran out of memory, and its kernel ended the program for that"
        # Only there is what it writes on the host's disk.
        if how in ("ended", "answered") and self._box.level == LANDLOCK_LEVEL and is_full(self._box.folder):
            return "suspended", "this host's disk was full while it ran"
        return how, why

    def _wait(self, program: int, answer: int, log: int, lifeline: int) -> "tuple[str, str]":
        limit, looked_at = FairTime(program, self._bounds.limit_s), time.monotonic()
        with selectors.DefaultSelector() as selector:
            for descriptor in (answer, log, lifeline):
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(LOOK_S)}
                if lifeline in ready:
                    return "suspended", "its caller is gone"
                if log in ready and not self._read_log(log):
                    selector.unregister(log)
                if answer in ready:
                    data = os.read(answer, READ_BYTES)
                    if not data:
                        return "answered", ""
                    self._answer += data
                now = time.monotonic()
                passed = now - looked_at
                if passed >= LOOK_S:
                    looked_at = now
                    limit.count(passed if passed < ASLEEP_S else 0.0)
                    self._go_on()
                over = self._why_over()
                if over:
                    return "over", over
                if limit.is_over:
                    return "timed_out", f"it did not end within {self._bounds.limit_s:g} s"
                late = limit.why_not_given()
                if late:
                    return "suspended", late

    def _go_on(self) -> None:
        stopped = stopped_of(tree_of(os.getpid())[1:])
        self._stops += bool(stopped)
        for pid in stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                # It ended meanwhile.
                pass

    def _why_over(self) -> str:
        if self._stops > STOPS_MAX:
            return "it stopped itself again and again"
        if len(self._answer) > self._bounds.answer_bytes:
            return f"its answer has more than {self._bounds.answer_bytes} bytes"
        if self.log.total > self._bounds.log_bytes:
            return f"it printed more than {self._bounds.log_bytes} bytes"
        if memory_of(tree_of(os.getpid())[1:]) > self._bounds.memory_bytes:
            return self._memory_words()
        if scratch_of(self._box.folder) > self._bounds.scratch_bytes:
            return f"it wrote more than {self._bounds.scratch_bytes} bytes"
        return ""

    def _memory_words(self) -> str:
        return f"it took more than {self._bounds.memory_bytes} bytes of memory"

    def _read_log(self, log: int) -> bool:
        data = os.read(log, READ_BYTES)
        self.log.add(data)
        return bool(data)

    def _drain(self, log: int) -> None:
        """What was still in the pipe; no more than it can hold."""
        try:
            while self._read_log(log) and self.log.total <= self._bounds.log_bytes:
                pass
        except BlockingIOError:
            pass


class _Log:
    """The head and the tail of what was printed."""

    def __init__(self) -> None:
        self.total = 0
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    def add(self, data: bytes) -> None:
        self.total += len(data)
        room = max(0, KEPT_HEAD_BYTES - len(self._head))
        self._head += data[:room]
        if data[room:]:
            self._tail.append(data[room:])
            self._tail_bytes += len(data) - room
        while self._tail and self._tail_bytes - len(self._tail[0]) >= KEPT_TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())

    def text(self) -> str:
        tail = b"".join(self._tail)[-KEPT_TAIL_BYTES:]
        left_out = self.total - len(self._head) - len(tail)
        gap = f"\n[{left_out} bytes are left out]\n".encode() if left_out else b""
        return (bytes(self._head) + gap + tail).decode(errors="replace")


def _be_program(task: Task, box: Box, bounds: Bounds, group: Optional[ControlGroup], kept: list[int]) -> None:
    request_signal(signal.SIGKILL)
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _keep_descriptors(kept)
    try:
        if group:
            group.join()
        walls = sandbox.enter(box, bounds)
        os.chdir(walls.inside)
        sandbox.close_up(box, walls, bounds)
    except (Unconfinable, OSError) as error:
        write_all(ANSWER_DESCRIPTOR, _UNCONFINABLE + str(error).encode())
        return
    # Forgotten by the kernel when the user changed.
    request_signal(signal.SIGKILL)
    write_all(ANSWER_DESCRIPTOR, _CONFINED)
    try:
        answer = task()
    except BaseException:
        # What the program did wrong; it is in the log.
        traceback.print_exc()
        return
    finally:
        # The process ends without Python's own end.
        _flush()
    write_all(ANSWER_DESCRIPTOR, b"=" + answer)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # The program replaced or closed it.
            pass


def _keep_descriptors(kept: list[int]) -> None:
    """`kept`: answer, log, then the program's own. Nothing else of the caller's stays open."""
    copies = [os.dup(number) for number in kept]
    high = max(copies) + 1
    # Out of the way of the numbers that they get.
    copies = [_moved(number, high) for number in copies]
    nothing = _moved(os.open(os.devnull, os.O_RDONLY), high)
    wanted: dict[int, int] = {0: nothing, 1: copies[1], 2: copies[1], ANSWER_DESCRIPTOR: copies[0]}
    wanted.update({ANSWER_DESCRIPTOR + 1 + at: number for at, number in enumerate(copies[2:])})
    for number, source in wanted.items():
        os.dup2(source, number, inheritable=False)
    os.closerange(len(wanted), min(_DESCRIPTORS_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _close_all_but(kept: list[int]) -> None:
    """Of the caller's: its frames, and what holds other programs, whose end it would miss. What it prints goes where its last words go."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    highest = min(_DESCRIPTORS_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    ordered = sorted({2, *kept})
    for first, behind in zip(ordered, [*ordered[1:], highest]):
        os.closerange(first + 1, behind)


def _moved(number: int, lowest: int) -> int:
    return fcntl.fcntl(number, fcntl.F_DUPFD, lowest)


def _status_of(program: int) -> int:
    """As os.waitpid tells it, though the process is left to be swept up. 0 where it still runs: then it is ended with what it started."""
    for _ in range(STATUS_LOOKS):
        found = os.waitid(os.P_PID, program, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is not None:
            return found.si_status << 8 if found.si_code == os.CLD_EXITED else found.si_status
        # It closed its descriptors and is about to be gone.
        time.sleep(STATUS_PAUSE_S)
    return 0
