"""The runner's zygotes: one process for each environment while programs come, and whoever waits for what runs in its copies.

none -> starting -> ready -> (idle for a while, or ended) -> none. Invariant: every `run` has one answer, also where the process ends.
"""
import asyncio
from collections.abc import Mapping
from typing import Callable, NamedTuple, Optional, cast

from kiln_runner.compile.tools import EnvironmentTool
from kiln_runner.frames import Frame
from kiln_runner.identity import child_environment, self_command
from kiln_runner.process import ChildProcess, Children, Command
from kiln_runner.programs.zygote_frames import ENDED_BYTES_MAX, Ended, Run

# A framework's memory is given back when no program came for so long.
IDLE_S = 600.0
READY_S_MAX = 120.0


class Answer(NamedTuple):
    """`how` as supervisor.Ended has it; `lost`: the zygote itself ended, `why` says how."""

    how: str
    why: str
    log: str
    answer: bytes


OnAnswer = Callable[[Answer], None]


class Zygotes:
    def __init__(self, children: Children, command: Optional[Callable[[EnvironmentTool], Command]] = None) -> None:
        self._children, self._command = children, command or _command
        self._running: dict[str, _Zygote] = {}

    def prepare(self, tool: EnvironmentTool, then: Callable[[], None]) -> None:
        """Calls back once it is ready, or cannot be: `run` says so then. Imports take seconds, for which no device must wait."""
        try:
            self._of(tool).when_ready(then)
        except OSError:
            then()

    def run(self, tool: EnvironmentTool, run: Run, on_answer: OnAnswer) -> None:
        try:
            self._of(tool).run(run, on_answer)
        except OSError as error:
            on_answer(Answer("lost", f"the environment's Python cannot be started: {error}", "", b""))

    def _of(self, tool: EnvironmentTool) -> "_Zygote":
        """With another Python or key than before it is another one."""
        name = f"{tool['path']} {tool['key']}"
        if name not in self._running:
            self._running[name] = _Zygote(self._children, self._command(tool), lambda: self._running.pop(name, None))
        return self._running[name]

    def cancel(self, run_id: str) -> None:
        for zygote in self._running.values():
            zygote.cancel(run_id)

    def stop(self) -> None:
        for zygote in list(self._running.values()):
            zygote.kill()


class _Zygote:
    def __init__(self, children: Children, command: Command, on_end: Callable[[], object]) -> None:
        self._loop, self._on_end = children.loop, on_end
        self._waiting: dict[str, OnAnswer] = {}
        self._process = ChildProcess(children, command, self._on_frame, self._on_exit, ENDED_BYTES_MAX)
        self._timer: asyncio.TimerHandle = self._loop.call_later(READY_S_MAX, self._process.kill)
        self._is_ready = False
        self._when_ready: list[Callable[[], None]] = []

    def when_ready(self, then: Callable[[], None]) -> None:
        if self._is_ready:
            then()
        else:
            self._when_ready.append(then)

    def run(self, run: Run, on_answer: OnAnswer) -> None:
        if self._is_ready:
            self._timer.cancel()
        self._waiting[run["id"]] = on_answer
        self._process.send(cast(Mapping[str, object], run))

    def cancel(self, run_id: str) -> None:
        if run_id in self._waiting:
            self._process.send({"type": "stop", "id": run_id})

    def kill(self) -> None:
        self._timer.cancel()
        self._process.kill()

    def _on_frame(self, frame: Frame) -> None:
        if frame.header["type"] == "ready":
            self._is_ready = True
            self._timer.cancel()
            self._call_back()
        elif frame.header["type"] == "ended":
            header = cast(Ended, frame.header)
            on_answer = self._waiting.pop(header["id"], None)
            if on_answer is not None:
                on_answer(Answer(header["how"], header["why"], header["log"], frame.payload))
        if not self._waiting:
            self._rest()

    def _call_back(self) -> None:
        waiting, self._when_ready = self._when_ready, []
        for then in waiting:
            then()

    def _rest(self) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(IDLE_S, self._process.kill)

    def _on_exit(self, code: int) -> None:
        self._timer.cancel()
        self._on_end()
        self._call_back()
        waiting, self._waiting = self._waiting, {}
        words = f"the environment's process ended with {code}: {self._process.stderr_tail[-500:]}"
        for on_answer in waiting.values():
            on_answer(Answer("lost", words, "", b""))


def _command(tool: EnvironmentTool) -> Command:
    # The driver's own order of devices would differ from the inventory's.
    return Command(self_command("program-zygote", python=tool["path"]), child_environment(CUDA_DEVICE_ORDER="PCI_BUS_ID"))
