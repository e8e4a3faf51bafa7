"""One judge process of a device, as its slot sees it: starting -> ready -> (tasks) -> dead."""
import time
from typing import Callable, Optional

from kiln_runner.frames import Frame
from kiln_runner.process import ChildProcess, Children, Command
from kiln_runner.protocol import Device, Json

# The first judge of a new cache compiles its helpers before it is ready, beside whatever else its host does.
READY_TIMEOUT_S = 180.0


class JudgeProcess:
    def __init__(
        self, children: Children, command: Command,
        on_frame: Callable[["JudgeProcess", Json], None], on_exit: Callable[["JudgeProcess", int], None],
    ) -> None:
        self.ready = False
        # The Device of its `ready` frame.
        self.device: Optional[Device] = None
        self.problems: set[str] = set()
        self.killed = False
        self._on_frame = on_frame
        self._on_exit = on_exit
        self._process = ChildProcess(children, command, self._frame, self._exit)
        self._ready_timer = children.loop.call_later(READY_TIMEOUT_S, self.kill)
        self.started_ns = time.monotonic_ns()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def last_words(self) -> str:
        return self._process.stderr_tail[-500:]

    def give_problem(self, key: str, frame: bytes) -> None:
        if key not in self.problems:
            self.problems.add(key)
            self._process.write(frame)

    def tell(self, frame: bytes) -> None:
        """An encoded frame that asks for no answer."""
        self._process.write(frame)

    def judge(self, raw_task_frame: bytes) -> None:
        """The daemon's `judge` frame, passed on byte by byte."""
        self._process.send_raw(raw_task_frame)

    def canary(self, recheck: bool) -> None:
        self._process.send({"type": "canary", "recheck": recheck})

    def kill(self) -> None:
        self.killed = True
        self._ready_timer.cancel()
        self._process.kill()

    def _frame(self, frame: Frame) -> None:
        if frame.header["type"] == "ready" and not self.ready:
            self.ready = True
            self.device = frame.header.get("device")
            self._ready_timer.cancel()
        self._on_frame(self, frame.header)

    def _exit(self, code: int) -> None:
        self._ready_timer.cancel()
        self._on_exit(self, code)
