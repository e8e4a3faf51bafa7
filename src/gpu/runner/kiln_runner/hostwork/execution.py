"""One command, watched by one daemon's connection: its output goes there as it comes, signals and input come from there.

Modes: running -> ending (it was told to end: the connection broke, or its time is over; SIGKILL after a grace) -> over (the command has ended; what
it left behind has a moment to end by itself, and is ended then). Invariant: when `run` returns nothing that it started is left.
"""
import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import Any, Optional

from kiln_runner.frames import Frame, encode
from kiln_runner.hostwork import command, descendants, shapes
from kiln_runner.hostwork.channel import READ_BYTES, Channel
from kiln_runner.hostwork.device_hold import hold
from kiln_runner.hostwork.wakeup import Wakeup, look_again
from kiln_runner.protocol import Json

PIPE_READ_BYTES = 64 * 1024
# Of its output, unsent: the command waits then, as it would for a slow terminal.
UNSENT_BYTES_MAX = 1 << 20
STDIN_BYTES_MAX = 8 << 20
GRACE_S = 5.0
# For what a command leaves behind, such as the reader of a pipe that has more to write.
LEFTOVERS_S = 1.0
TICK_S = 0.05


class Execution:
    def __init__(self, channel: Channel, order: Json) -> None:
        self._channel, self._order = channel, order
        self._unsent = bytearray()
        self._input = bytearray()
        self._input_ends = not order["stdin"]
        self._selector = selectors.DefaultSelector()
        # Descriptors that hold the locks of its devices.
        self._held: list[int] = []
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._outputs: dict[Any, str] = {}
        self._is_connected = True
        self._kill_at: Optional[float] = None
        self._deadline: Optional[float] = None
        self._timed_out = False
        self._over_at: Optional[float] = None

    def run(self) -> None:
        descendants.adopt_orphans()
        # Until then nothing runs: SIGTERM ends this process, and its locks.
        self._held = hold(self._order["devices"], self._channel)
        # The end of a child wakes the loop at once: one process a command, so its signal is its end.
        self._wakeup = Wakeup({signal.SIGTERM: self._end, signal.SIGCHLD: look_again})
        try:
            self._run()
        finally:
            self._kill_rest()
            self._release()
            self._leave()

    def _run(self) -> None:
        pipe = subprocess.PIPE
        try:
            process = command.start(
                self._order, self._order["devices"], stdin=subprocess.DEVNULL if self._input_ends else pipe, stdout=pipe, stderr=pipe
            )
        except command.NotStarted as error:
            self._release()
            self._channel.send({"type": "stderr"}, f"{error}\n".encode())
            self._channel.send({"type": "exited", "code": error.code, "signal": None, "timedOut": False})
            return
        self._process = process
        self._tell({"type": "started", "pid": process.pid})
        if self._order["timeoutMs"] is not None:
            self._deadline = time.monotonic() + self._order["timeoutMs"] / 1000
        self._watch(process)
        for frame in self._channel.pending():
            self._on_frame(frame)
        self._loop(process)
        self._kill_rest()
        # Whoever hears that it has ended may use its devices at once.
        self._release()
        self._tell({"type": "exited", **command.ending_of(process.returncode), "timedOut": self._timed_out})
        self._send_rest()

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        self._channel.connection.setblocking(False)
        self._selector.register(self._channel.connection, selectors.EVENT_READ)
        for pipe, name in ((process.stdout, "stdout"), (process.stderr, "stderr")):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._outputs[pipe] = name
                self._selector.register(pipe, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
        self._selector.register(self._wakeup.descriptor, selectors.EVENT_READ)

    def _loop(self, process: "subprocess.Popen[bytes]") -> None:
        while not self._is_over(process):
            self._look_at_clock()
            self._choose()
            for key, events in self._selector.select(self._wait_s()):
                if key.fileobj is self._channel.connection:
                    self._on_socket(events)
                elif key.fileobj == self._wakeup.descriptor:
                    self._wakeup.clear()
                elif key.fileobj in self._outputs:
                    self._read_output(key.fileobj)
                else:
                    self._write_input()

    def _is_over(self, process: "subprocess.Popen[bytes]") -> bool:
        if process.poll() is None:
            return False
        if not self._outputs and not descendants.remaining():
            return True
        now = time.monotonic()
        self._over_at = self._over_at or now + LEFTOVERS_S
        if now < self._over_at:
            return False
        self._read_all()
        return True

    def _wait_s(self) -> float:
        return TICK_S if self._over_at is not None or self._kill_at is not None else min(1.0, self._until_deadline())

    def _until_deadline(self) -> float:
        return 1.0 if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self._deadline, self._timed_out = None, True
            self._end()
        if self._kill_at is not None and now >= self._kill_at:
            descendants.signal_all(signal.SIGKILL)

    def _choose(self) -> None:
        """Reads outputs only while there is room for them, and looks for room where something waits."""
        is_full = len(self._unsent) >= UNSENT_BYTES_MAX
        for pipe in self._outputs:
            self._set(pipe, 0 if is_full else selectors.EVENT_READ)
        if self._is_connected:
            room = selectors.EVENT_READ if len(self._input) < STDIN_BYTES_MAX else 0
            self._set(self._channel.connection, room | (selectors.EVENT_WRITE if self._unsent else 0))
        stdin = self._process.stdin if self._process is not None else None
        if stdin is not None and not stdin.closed:
            if self._input_ends and not self._input:
                self._forget(stdin)
            else:
                self._set(stdin, selectors.EVENT_WRITE if self._input else 0)

    def _set(self, file: Any, events: int) -> None:
        known = self._selector.get_map().get(file)
        if known is None and events:
            self._selector.register(file, events)
        elif known is not None and not events:
            self._selector.unregister(file)
        elif known is not None and known.events != events:
            self._selector.modify(file, events)

    def _forget(self, pipe: Any) -> None:
        self._set(pipe, 0)
        self._outputs.pop(pipe, None)
        pipe.close()

    def _on_socket(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush()
        if not events & selectors.EVENT_READ:
            return
        try:
            data = self._channel.connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._hang_up()
            return
        for frame in self._channel.feed(data):
            self._on_frame(frame)

    def _on_frame(self, frame: Frame) -> None:
        shapes.during_exec(frame.header)
        kind = frame.header["type"]
        if kind == "stdin":
            self._input += frame.payload
        elif kind == "stdin_end":
            self._input_ends = True
        elif self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, getattr(signal, f"SIG{frame.header['name']}"))

    def _hang_up(self) -> None:
        if self._is_connected:
            self._is_connected = False
            self._set(self._channel.connection, 0)
            self._unsent.clear()
            self._end()

    def _end(self) -> None:
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE_S
            descendants.signal_all(signal.SIGTERM)

    def _read_output(self, pipe: Any) -> None:
        try:
            data = os.read(pipe.fileno(), PIPE_READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._forget(pipe)
        else:
            self._tell({"type": self._outputs[pipe]}, data)

    def _read_all(self) -> None:
        for pipe in list(self._outputs):
            self._read_output(pipe)

    def _write_input(self) -> None:
        stdin = self._process.stdin if self._process is not None else None
        if stdin is None or stdin.closed:
            self._input.clear()
            return
        try:
            del self._input[: os.write(stdin.fileno(), self._input[:PIPE_READ_BYTES])]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It reads no more: what comes is dropped, as for any command in a pipe.
            self._input.clear()
            self._forget(stdin)

    def _tell(self, header: Json, payload: bytes = b"") -> None:
        if not self._is_connected:
            return
        was_empty = not self._unsent
        self._unsent += encode(header, payload)
        if was_empty:
            self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._channel.connection.send(memoryview(bytes(self._unsent[:READ_BYTES])))]
        except BlockingIOError:
            return
        except OSError:
            self._hang_up()

    def _send_rest(self) -> None:
        if self._is_connected:
            self._channel.connection.setblocking(True)
            self._channel.connection.sendall(self._unsent)

    def _kill_rest(self) -> None:
        descendants.end_all(GRACE_S)

    def _leave(self) -> None:
        """This process as it was before."""
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr) if self._process else ():
            if pipe:
                pipe.close()
        self._wakeup.close()
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        descendants.adopt_no_more()

    def _release(self) -> None:
        while self._held:
            os.close(self._held.pop())
