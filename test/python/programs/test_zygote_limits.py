"""How long a zygote may take to be ready, and that this limit ends with it: without a process."""
import asyncio
import unittest
from typing import Any, Callable
from unittest.mock import patch

from kiln_runner.frames import Frame
from kiln_runner.process import Command
from kiln_runner.programs import zygotes
from kiln_runner.programs.zygotes import READY_S_MAX, Zygotes


class PlayedProcess:
    """`tell`: a frame that it says."""

    def __init__(self, _children: Any, _command: Command, on_frame: Callable[[Frame], None], _on_exit: Callable[[int], None]) -> None:
        self.on_frame, self.sent, self.killed = on_frame, [], 0

    def send(self, frame: object) -> None:
        self.sent.append(frame)

    def kill(self) -> None:
        self.killed += 1

    def tell(self, **header: object) -> None:
        self.on_frame(Frame(dict(header), b"", b""))


class PlayedLoop:
    """Timers, by their delay, that nobody fires."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, asyncio.TimerHandle]] = []

    def call_later(self, delay: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        loop: Any = self
        timer = asyncio.TimerHandle(delay, call, (), loop)
        self.timers.append((delay, timer))
        return timer

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, _handle: object) -> None:
        pass

    def running(self) -> list[float]:
        return [delay for delay, timer in self.timers if not timer.cancelled()]


class Played:
    def __init__(self) -> None:
        self.loop = PlayedLoop()


class ZygoteLimits(unittest.TestCase):
    def test_a_run_that_was_asked_for_before_it_was_ready_has_its_own_limit_and_no_other(self) -> None:
        children: Any = Played()
        found: list[PlayedProcess] = []

        def start(*given: Any) -> PlayedProcess:
            found.append(PlayedProcess(*given[:4]))
            return found[-1]

        tool: Any = {"name": "torch", "path": "python3", "key": "k"}
        run: Any = {"type": "run", "id": "one"}
        with patch.object(zygotes, "ChildProcess", start):
            answers: list[Any] = []
            Zygotes(children).run(tool, run, answers.append)
            process = found[0]
            self.assertEqual(children.loop.running(), [READY_S_MAX])
            process.tell(type="ready")
            self.assertEqual(children.loop.running(), [])
            process.tell(type="ended", id="one", how="answered", why="", log="")
        self.assertEqual(([answer.how for answer in answers], process.killed), (["answered"], 0))
