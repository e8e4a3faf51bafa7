"""One artifact in a disposable process (native/harness.c), and the calls it is asked for.

Modes: not started; idle; running a command; dead (it ended by itself: the next command starts another). Whatever it answers may be
forged by the artifact.
"""
import os
import signal
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Callable, Literal, NamedTuple, NoReturn, Optional

from kiln_runner.compile.elf import function_names, library_variables
from kiln_runner.ends import by_somebody
from kiln_runner.protocol import Argument, Launch, Plan, TensorArgument

from ..failures import DeviceFault, InfraFailure, LaunchRejected, OutOfReach
from ..known_names import known_names
from ..symbols import Fill, refuse_misfit
from ..tensors import scalar_bytes
from .memory import Memory

OP_BIND, OP_RUN, OP_REACH, OP_FILL = 1, 2, 3, 4
# Instead of an answer: it touched memory beside what it can reach, at the offset that follows, and ended.
FAULTS: dict[int, Literal["read", "write"]] = {2**62: "read", 2**62 + 1: "write"}
# What the harness answers first; 0: ready, 1: the artifact cannot be loaded.
START_UNCONFINED = 2
ARG_POINTER, ARG_INTEGER, ARG_FLOAT = 0, 1, 2
COMMAND, ANSWER, ARGUMENT, PAGES, FILL = (struct.Struct(form) for form in ("=QQQ", "=QQ", "=QQ", "=QQ", "=QQ8s"))
ARGS_MAX, INTEGERS_MAX, FLOATS_MAX = 64, 30, 8
SYMBOL_BYTES = 128
CPU_SECONDS_MAX = 600
# Of <linux/posix-timers.h>: with ~pid << 3 the clock of a whole process, in nanoseconds.
CPUCLOCK_SCHED = 2


Pages = Sequence[tuple[int, int]]


class Bound:
    """One side's launches as the harness takes them, for each replica, what it fills before each of them, and the pages of the memory that they may
    touch."""

    def __init__(self, program: "Program", replicas: "list[Replica]", launches: int, pages: Pages) -> None:
        self.program, self.replicas, self.launches, self.pages = program, replicas, launches, pages


class Replica(NamedTuple):
    """Both packed; `fills` one by one."""

    launches: bytes
    fills: list[bytes]


class Process(NamedTuple):
    """One that was started, and its pipes."""

    popen: "subprocess.Popen[bytes]"
    commands: IO[bytes]
    answers: IO[bytes]


class Program:
    """`is_as_made`: whether the file holds what the compiler made."""

    def __init__(self, side: str, code: Path, harness: Path, memory: Memory, is_as_made: Callable[[], bool] = lambda: True) -> None:
        self._side, self._file, self._harness, self._memory = side, code, harness, memory
        self._is_as_made = is_as_made
        self._process: Optional[Process] = None
        # What the process is ready to run.
        self._bound: Optional[Bound] = None

    def bind(self, plan: Plan, resolve: list[Callable[[TensorArgument], int]], pages: Pages, fills: Sequence[Fill] = ()) -> Bound:
        """`resolve` gives offsets in the memory, one function a replica; `pages`: (offset, bytes) of what can be reached of it; `fills`: variables to
        be filled before each run. LaunchRejected where the artifact cannot be called so."""
        self._refuse_misfits(fills)
        replicas = [
            Replica(b"".join(_pack(n, launch, place) for n, launch in enumerate(plan["launches"])), [_pack_fill(fill, place) for fill in fills])
            for place in resolve
        ]
        bound = Bound(self, replicas, len(plan["launches"]), pages)
        self._place(bound, plan)
        return bound

    def run(self, bound: Bound, replicas: int) -> int:
        """Nanoseconds as the child claims."""
        if self._bound is not bound:
            self._place(bound, None)
        return self._ask(COMMAND.pack(OP_RUN, 0, replicas))[1]

    @property
    def pid(self) -> Optional[int]:
        return self._process.popen.pid if self._process else None

    def used_ns(self) -> int:
        """Processor time that the child has used, as the kernel counts it: the artifact cannot forge it."""
        return time.clock_gettime_ns(~self._process.popen.pid << 3 | CPUCLOCK_SCHED) if self._process else 0

    def close(self) -> None:
        if self._process is None:
            return
        process, self._process, self._bound = self._process, None, None
        process.popen.kill()
        process.popen.wait()
        process.commands.close()
        process.answers.close()

    def _place(self, bound: Bound, plan: Optional[Plan]) -> None:
        if self._process is None:
            self._start()
        self._ask(COMMAND.pack(OP_REACH, 0, len(bound.pages)) + b"".join(PAGES.pack(*part) for part in bound.pages))
        for slot, replica in enumerate(bound.replicas):
            missing, _ = self._ask(COMMAND.pack(OP_BIND, slot, bound.launches) + replica.launches)
            if missing:
                # Forged, it may be any number.
                number = min(missing, bound.launches) - 1
                launch = plan["launches"][number] if plan else None
                name, at = (launch["kernel"], launch.get("index", number)) if launch else ("?", number)
                raise LaunchRejected(f"launch[{at}].kernel", f'no function "{name}" in the artifact; {self._known()}')
            if replica.fills and self._ask(COMMAND.pack(OP_FILL, slot, len(replica.fills)) + b"".join(replica.fills))[0]:
                # Its own code stands between the file, which has it, and what the harness finds.
                raise LaunchRejected("symbols", "a variable of the compiled code is not there once it is loaded")
        self._bound = bound

    def _known(self) -> str:
        try:
            names = known_names(function_names(self._file.read_bytes()))
        except (ValueError, IndexError, struct.error):
            names = ""
        return f"it has {names}. It must not be static" if names else "it must not be static"

    def _refuse_misfits(self, fills: Sequence[Fill]) -> None:
        if not fills:
            return
        try:
            variables = library_variables(self._file.read_bytes())
        except ValueError:
            self._refused()
        for fill in fills:
            refuse_misfit(fill, variables)

    def _start(self) -> None:
        command = [str(self._harness), str(self._file), str(self._memory.fd), str(self._memory.size), str(CPU_SECONDS_MAX), str(os.getpid())]
        popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env={}, pass_fds=(self._memory.fd,)
        )
        assert popen.stdin is not None and popen.stdout is not None, "both are pipes"
        self._process = Process(popen, popen.stdin, popen.stdout)
        failed, _ = self._answer(self._process)
        if failed == START_UNCONFINED:
            self.close()
            raise InfraFailure("internal", "this kernel cannot confine candidates (seccomp filters are refused): no cpu device here")
        if failed:
            self.close()
            self._refused()

    def _refused(self) -> NoReturn:
        if self._side != "candidate":
            raise InfraFailure(self._failure_code(), f"the {self._side}'s compiled code cannot be loaded: {self._file} is damaged")
        if not self._is_as_made():
            raise InfraFailure("unknown_artifact", f"the compiled code cannot be loaded: {self._file} is not as it was made")
        message = "the compiled code cannot be loaded: it calls a function that neither it nor the C library defines"
        raise LaunchRejected("launch[0].kernel", message)

    def _failure_code(self) -> str:
        return {"reference": "reference_failed", "baseline": "baseline_failed"}.get(self._side, "internal")

    def _ask(self, command: bytes) -> tuple[int, int]:
        assert self._process is not None, "it is asked for what was bound, which starts it"
        try:
            self._process.commands.write(command)
        except BrokenPipeError:
            pass  # It died: the answer, which will not come, says how.
        return self._answer(self._process)

    def _answer(self, process: Process) -> tuple[int, int]:
        data = b""
        while len(data) < ANSWER.size:
            part = process.answers.read(ANSWER.size - len(data))
            if not part:
                self._died(process)
            data += part
        status, value = ANSWER.unpack(data)
        if status in FAULTS:
            self._faulted(FAULTS[status], value)
        return status, value

    def _faulted(self, access: Literal["read", "write"], offset: int) -> NoReturn:
        self.close()
        message = f"signal {signal.SIGSEGV.value} (SIGSEGV): a {access} outside of its buffers"
        if self._side == "candidate":
            raise OutOfReach(message, offset, access)
        raise InfraFailure(self._failure_code(), f"the {self._side} died: {message}")

    def _died(self, process: Process) -> NoReturn:
        code = process.popen.wait()
        self.close()
        message = f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"the process ended by itself with status {code}"
        if self._side != "candidate":
            raise InfraFailure(self._failure_code(), f"the {self._side} died: {message}")
        # confine.h lets it send itself none of these; a misaligned access is its own.
        if by_somebody(code) and code != -signal.SIGBUS:
            raise InfraFailure("worker_died", f"the candidate's process was ended by {message}: for want of memory on this host, or by somebody")
        raise DeviceFault(message, lost=False)


def _pack(number: int, launch: Launch, resolve: Callable[[TensorArgument], int]) -> bytes:
    arguments = [_argument(argument, resolve) for argument in launch["args"]]
    floats = sum(1 for kind, _ in arguments if kind == ARG_FLOAT)
    if floats > FLOATS_MAX or len(arguments) - floats > INTEGERS_MAX:
        message = f"the cpu device passes at most {INTEGERS_MAX} pointers and integers and {FLOATS_MAX} floats"
        raise LaunchRejected(f"launch[{launch.get('index', number)}].args", message)
    packed = b"".join(ARGUMENT.pack(*argument) for argument in arguments)
    return launch["kernel"].encode().ljust(SYMBOL_BYTES, b"\0") + struct.pack("=Q", len(arguments)) + packed.ljust(ARGUMENT.size * ARGS_MAX, b"\0")


def _pack_fill(fill: Fill, resolve: Callable[[TensorArgument], int]) -> bytes:
    value = fill.data if fill.tensor is None else struct.pack("=Q", resolve(fill.tensor))
    return fill.name.encode().ljust(SYMBOL_BYTES, b"\0") + FILL.pack(fill.size, fill.tensor is None, value)


def _argument(argument: Argument, resolve: Callable[[TensorArgument], int]) -> tuple[int, int]:
    """(kind, the 64 bits of the register)."""
    if argument["kind"] != "scalar":
        return ARG_POINTER, resolve(argument)
    if argument["dtype"] in ("f64", "f32"):
        raw = struct.pack("=d" if argument["dtype"] == "f64" else "=f", argument["value"])
        return ARG_FLOAT, int.from_bytes(raw.ljust(8, b"\0"), "little")
    value = int(argument["value"])
    return ARG_INTEGER, value & (2 ** (8 * scalar_bytes(argument["dtype"])) - 1 if argument["dtype"] == "u32" else 2**64 - 1)
