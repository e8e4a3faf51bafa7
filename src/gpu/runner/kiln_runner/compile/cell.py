"""A confined process that stays: gcc, nvcc and a warm NVRTC compile one source after another in it, and cost no more than without walls.

worker (trusted: the server's frames, the artifact cache) <-> cell (confined before it sees the first source). The worker starts it with the
first source; between, a forked process enters the namespaces and is gone again. States of a cell: not started -> compiling, over and over
-> gone, when a compiler crashed in it: its worker then ends in the same way, and the pool's rules for that apply.
"""
import os
import signal
import traceback
from typing import BinaryIO, Callable, NamedTuple, NoReturn, Optional

from kiln_runner.compile.cell_process import CellPipes, serve
from kiln_runner.compile.confinement import (
    CELL_UID_BASE,
    NAMESPACES_LEVEL,
    NO_LEVEL,
    Limits,
    Place,
    Unconfinable,
    Walls,
    enter,
    support,
    user_for,
)
from kiln_runner.compile.system_calls import PR_SET_CHILD_SUBREAPER, prctl
from kiln_runner.compile.toolchain_places import places_of
from kiln_runner.compile.tools import Tools
from kiln_runner.compile.units import Built, Infra, refused
from kiln_runner.compile.wire import built_of
from kiln_runner.frames import FrameError, encode, read_frame
from kiln_runner.host.memory import within_memory
from kiln_runner.protocol import KernelUnit

# NVRTC with every header of CUDA needs some; twice the largest seen, and never more than there is.
MEMORY_BYTES_MAX = 16 * 1024 ** 3
# A set of precompiled headers takes up to 140 MB.
LIMITS = Limits(memory_bytes=MEMORY_BYTES_MAX, file_bytes=1024 ** 3, files=256, processes=128, cpu_seconds=None)
_WHY_BYTES_MAX = 4000


class _Pipes(NamedTuple):
    commands: BinaryIO
    answers: BinaryIO


class Cell:
    """`folder`: the worker's own; the cell gets a folder in it, the only one that it may write."""

    def __init__(self, tools: Tools, folder: str) -> None:
        self._tools = tools
        self._folder = os.path.join(folder, "cell")
        self._pid = 0
        self._pipes: Optional[_Pipes] = None

    def warm(self) -> None:
        """Starts it before there is work. Where that fails, the first source is told why."""
        if support().level != NO_LEVEL and self._pid == 0:
            try:
                self._start(False)
            except Infra:
                self._pid = 0

    def compile(self, unit: KernelUnit, *, may_be_open: bool = False) -> Built:
        """As the compiler of its language says; Infra where the host confines nothing and it may not be open."""
        pipes = self._pipes if self._pid else None
        if pipes is None:
            pipes = self._start(may_be_open)
        try:
            pipes.commands.write(encode({"type": "compile", "unit": unit}))
            frame = read_frame(pipes.answers)
        except (OSError, FrameError):
            frame = None
        if frame is None:
            self._end_as_it_did()
        try:
            return built_of(*frame)
        except (KeyError, TypeError, ValueError) as error:
            return refused(f"what came from the compiler is no answer of ours: {type(error).__name__}")

    def stop(self) -> None:
        """Waits until it is gone. A worker need not: its cell ends with it."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
        if self._pipes:
            self._pipes.commands.close()
            self._pipes.answers.close()
            self._pipes = None

    def _start(self, may_be_open: bool) -> _Pipes:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        # What a process that is gone leaves becomes a child of this one: the cell.
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        readable = places_of(self._tools)
        place = Place(self._folder, readable, self._user(readable))
        commands, to_cell = _pipe()
        from_cell, answers = _pipe()
        own = self._pipes = _Pipes(to_cell, from_cell)
        reported, telling = os.pipe()
        keeper = os.fork()
        if keeper == 0:
            pipes = CellPipes(commands.fileno(), answers.fileno(), telling)
            _leave(lambda: _keep(lambda: enter(place, may_be_open=may_be_open), place, self._tools, pipes))
        for end in (commands, answers):
            end.close()
        os.close(telling)
        os.waitpid(keeper, 0)
        with os.fdopen(reported, "rb") as pipe:
            pid, _, why = pipe.read(_WHY_BYTES_MAX).decode(errors="replace").partition(" ")
        if why or not pid.isdigit():
            raise Infra("compiler_missing", f"{'' if pid.isdigit() else pid} {why}".strip() or "the confined process for compilers did not start")
        self._pid = int(pid)
        try:
            own.commands.write(encode({"type": "start"}))
        except OSError:
            # It died since; whoever asks it first sees how.
            pass
        return own

    @staticmethod
    def _user(readable: "list[str]") -> Optional[int]:
        """A user of its own where that user could read the tool chain: root's own folders it may not."""
        can_read = all(os.stat(path).st_mode & 0o004 for path in readable)
        return user_for(os.getpid(), CELL_UID_BASE) if support().level == NAMESPACES_LEVEL and can_read else None

    def _end_as_it_did(self) -> NoReturn:
        _, status = os.waitpid(self._pid, 0)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        os._exit(os.WEXITSTATUS(status) or 1)


def _keep(enter_walls: Callable[[], Walls], place: Place, tools: Tools, pipes: CellPipes) -> None:
    try:
        walls = enter_walls()
        cell = os.fork()
    except (Unconfinable, OSError) as error:
        os.write(pipes.telling, str(error).encode()[:_WHY_BYTES_MAX])
        return
    if cell == 0:
        limits = LIMITS._replace(memory_bytes=within_memory(MEMORY_BYTES_MAX))
        _leave(lambda: serve(place, walls, limits, tools, pipes))
    os.write(pipes.telling, f"{cell} ".encode())


def _pipe() -> "tuple[BinaryIO, BinaryIO]":
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb"), os.fdopen(writing, "wb", buffering=0)


def _leave(step: Callable[[], None]) -> NoReturn:
    """Runs a forked copy's part and ends it without going back into the worker's code."""
    code = 1
    try:
        step()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
