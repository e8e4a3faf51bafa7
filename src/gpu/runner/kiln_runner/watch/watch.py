"""Follows the process that reads NVML (reader.py). One that is silent for too long is killed: NVML hangs. It is started again, more and more slowly.

Modes: reading (a child runs; its limit is set anew by each frame); waiting (there is none until the retry); stopped.
"""
import asyncio
from typing import Callable, Literal, Optional

from kiln_runner.frames import Frame
from kiln_runner.process import ChildProcess, Children, Command
from kiln_runner.protocol_readings import HostReading

RETRY_FIRST_S, RETRY_MAX_S = 10.0, 300.0


class DeviceWatch:
    """`command` None: the host has no GPU. `reading`: the last; None before the first. `on_reading`: it is another one than before."""

    def __init__(
        self, children: Children, command: Optional[Command], on_reading: Callable[[], None], *, silent_s_max: float,
    ) -> None:
        self._children, self._loop = children, children.loop
        self._command = command
        self._on_reading = on_reading
        self._silent_s_max = silent_s_max
        self._child: Optional[ChildProcess] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._retry_s = RETRY_FIRST_S
        self._is_stopped = False
        self.reading: Optional[HostReading] = None

    def start(self) -> None:
        if self._command is None:
            return

        def on_frame(frame: Frame) -> None:
            self._on_frame(child, frame)

        def on_exit(_code: int) -> None:
            self._on_exit(child)

        try:
            child = ChildProcess(self._children, self._command, on_frame, on_exit)
        except OSError as error:
            return self._fail("failed", f"the process that reads NVML does not start: {error}")
        self._child = child
        self._set_timer(self._silent_s_max, self._on_silence)

    def stop(self) -> None:
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._child is not None:
            self._child.kill()

    def _on_frame(self, child: ChildProcess, frame: Frame) -> None:
        if child is not self._child or self._is_stopped:
            return
        before, self.reading = self.reading, frame.header["reading"]
        self._retry_s = RETRY_FIRST_S
        self._set_timer(self._silent_s_max, self._on_silence)
        if self.reading != before:
            self._on_reading()

    def _on_silence(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            # Where the driver holds it, it dies when the driver lets go.
            child.kill()
        self._fail("hangs", f"no answer within {self._silent_s_max:g} s")

    def _on_exit(self, child: ChildProcess) -> None:
        if child is self._child and not self._is_stopped:
            self._child = None
            self._fail("failed", f"the process that reads NVML ended: {child.stderr_tail[-200:] or 'without a word'}")

    def _fail(self, nvml: Literal["failed", "hangs"], message: str) -> None:
        self.reading = {"nvml": nvml, "message": message, "devices": []}
        self._set_timer(self._retry_s, self.start)
        self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)
        self._on_reading()

    def _set_timer(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, then)
