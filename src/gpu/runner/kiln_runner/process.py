"""A child process that speaks frames, driven by the server's event loop without threads.

`on_frame(frame)` is called from the loop the moment a frame is whole, so that the next task can be written in the same callback.
`on_exit(code)` is called once, after the last frame; code < 0 is a signal. Children lead their own process group; `kill` ends all
of it.
"""
import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping
from typing import IO, Any, Callable, NamedTuple, Optional

from kiln_runner.frames import PAYLOAD_BYTES_MAX, Frame, FrameDecoder, FrameError, encode, encode_raw

READ_BYTES = 256 * 1024
UNSENT_BYTES_MAX = 64 * 1024 * 1024
STDERR_TAIL_BYTES = 4096
END_TIMEOUT_S = 5.0


class Command(NamedTuple):
    """`folder`: where it works; None: where its parent does."""

    argv: list[str]
    environment: dict[str, str]
    folder: Optional[str] = None


class ChildProcess:
    """Starts with its construction. OSError where it cannot."""

    def __init__(
        self, children: "Children", command: Command, on_frame: Callable[[Frame], None], on_exit: Callable[[int], None],
        payload_max: int = PAYLOAD_BYTES_MAX,
    ) -> None:
        self._loop = children.loop
        self._on_frame = on_frame
        self._on_exit = on_exit
        self._decoder = FrameDecoder(payload_max)
        self._unsent = bytearray()
        self._words = b""
        self._process = subprocess.Popen(
            command.argv, env=command.environment, cwd=command.folder, bufsize=0, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        self._stdin, self._stdout, self._stderr = map(_unblocked, (self._process.stdin, self._process.stdout, self._process.stderr))
        self._loop.add_reader(self._stdout.fileno(), self._read_frames)
        self._loop.add_reader(self._stderr.fileno(), self._read_stderr)
        children.add(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def stderr_tail(self) -> str:
        return self._words.decode(errors="replace").strip()

    def send(self, header: Mapping[str, Any]) -> None:
        self.write(encode(header))

    def send_raw(self, header: bytes) -> None:
        self.write(encode_raw(header))

    def write(self, data: bytes) -> None:
        """Never blocks. What is written to a dead child is dropped: `on_exit` tells of its death."""
        if not self.alive:
            return
        was_empty = not self._unsent
        self._unsent += data
        if len(self._unsent) > UNSENT_BYTES_MAX:
            self.kill()
        elif was_empty:
            self._flush()

    def kill(self) -> None:
        """SIGKILL to the process group. Harmless after the end: the pid is ours until it is reaped."""
        if self.alive:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def finish(self) -> None:
        """After the end, once: tells the last frames, then the end."""
        self._read_frames()
        self._read_stderr()
        self._close()
        self._on_exit(self._process.wait())

    def _flush(self) -> None:
        descriptor = self._stdin.fileno()
        try:
            while self._unsent:
                del self._unsent[: os.write(descriptor, self._unsent)]
        except BlockingIOError:
            self._loop.add_writer(descriptor, self._flush)
            return
        except BrokenPipeError:
            self._unsent.clear()
        self._loop.remove_writer(descriptor)

    def _read_frames(self) -> None:
        """Reads what is there, to the last byte: a child that died may have left more than one read gives."""
        while True:
            chunk = _read(self._stdout.fileno())
            if chunk is None:
                return
            if not chunk:
                self._loop.remove_reader(self._stdout.fileno())
                return
            self._decode(chunk)

    def _decode(self, chunk: bytes) -> None:
        try:
            for frame in self._decoder.feed(chunk):
                self._on_frame(frame)
        except FrameError as error:
            self._words += f"\nspoke no frames: {error}".encode()
            self.kill()

    def _read_stderr(self) -> None:
        chunk = _read(self._stderr.fileno())
        if chunk:
            self._words = (self._words + chunk)[-STDERR_TAIL_BYTES:]
        elif chunk == b"":
            self._loop.remove_reader(self._stderr.fileno())

    def _close(self) -> None:
        for pipe in (self._stdin, self._stdout, self._stderr):
            self._loop.remove_reader(pipe.fileno())
            self._loop.remove_writer(pipe.fileno())
            pipe.close()
        self._unsent.clear()


class Children:
    """Every child of the server: reaps them on SIGCHLD and can end them all."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._alive: set[ChildProcess] = set()
        self._gone: Optional[asyncio.Future[None]] = None
        loop.add_signal_handler(signal.SIGCHLD, self._reap)

    def add(self, child: ChildProcess) -> None:
        self._alive.add(child)
        # It may have ended before the handler could see it.
        self.loop.call_soon(self._reap)

    async def end_all(self) -> None:
        """Kills every child and waits until each is reaped, at most END_TIMEOUT_S (a driver may hold on to a dying process)."""
        for child in list(self._alive):
            child.kill()
        deadline = self.loop.time() + END_TIMEOUT_S
        while self._alive and self.loop.time() < deadline:
            self._gone = self.loop.create_future()
            await asyncio.wait([self._gone], timeout=deadline - self.loop.time())

    def _reap(self) -> None:
        for child in list(self._alive):
            if child in self._alive and child.has_ended():
                self._alive.discard(child)
                child.finish()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)


def _unblocked(pipe: Optional[IO[bytes]]) -> IO[bytes]:
    assert pipe is not None, "every stream of a child is a pipe"
    os.set_blocking(pipe.fileno(), False)
    return pipe


def _read(descriptor: int) -> Optional[bytes]:
    """None when nothing is there now, b"" at the end."""
    try:
        return os.read(descriptor, READ_BYTES)
    except BlockingIOError:
        return None
