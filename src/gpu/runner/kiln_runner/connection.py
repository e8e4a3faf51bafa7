"""One connection of a daemon: frames in, frames out, and a polite end when a frame is wrong."""
import asyncio
import itertools
import traceback
from collections.abc import Iterator
from typing import Callable, Optional, cast

from kiln_runner.frames import Frame, FrameDecoder, FrameError, encode, encode_raw
from kiln_runner.messages import check_to_runner
from kiln_runner.protocol_frames import FromRunner
from kiln_runner.schema import ShapeError

UNSENT_BYTES_MAX = 256 * 1024 * 1024
# A burst of tasks must not keep the loop from a judge that has just finished: after so many frames, others have their turn.
FRAMES_PER_TURN = 8
# So many are written at once, whether the turn is over or not: each may be as large as an artifact.
FLUSH_FRAMES = 64


class Refusal(Exception):
    """The daemon asked for what this runner does not do: sent as an `error` frame, then the connection is closed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Connection(asyncio.Protocol):
    """`on_frame(connection, frame)` gets checked frames only; it may raise Refusal. `on_end(connection)` comes once."""

    def __init__(
        self, on_frame: Callable[["Connection", Frame], None], on_end: Callable[["Connection"], None], log: Callable[[str], None]
    ) -> None:
        self.daemon_id: Optional[str] = None
        self._on_frame = on_frame
        self._on_end = on_end
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._decoder = FrameDecoder()
        self._transport: Optional[asyncio.Transport] = None
        # Frames of this turn of the loop: one write for all of them.
        self._unsent: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._take_turn(self._decoder.feed(data))

    def _take_turn(self, frames: Iterator[Frame]) -> None:
        taken = 0
        try:
            for frame in itertools.islice(frames, FRAMES_PER_TURN):
                if self._open_transport is None:
                    return
                taken += 1
                check_to_runner(frame.header)
                self._on_frame(self, frame)
        except (FrameError, ShapeError) as error:
            self.refuse("bad_frame", str(error))
        except Refusal as refusal:
            self.refuse(refusal.code, str(refusal))
        except Exception:
            # Ours, not the daemon's: leave a trace and let it reconnect.
            self._log(traceback.format_exc())
            self.refuse("internal", "the runner failed on this frame; its runner.log has the trace")
        transport = self._open_transport
        if transport is None:
            return
        if taken == FRAMES_PER_TURN:
            transport.pause_reading()
            self._loop.call_soon(self._take_turn, frames)
        else:
            transport.resume_reading()

    @property
    def _open_transport(self) -> Optional[asyncio.Transport]:
        """None before it is connected and once it is closing."""
        return None if self._transport is None or self._transport.is_closing() else self._transport

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self._on_end(self)

    def send(self, header: FromRunner, payload: bytes = b"") -> None:
        if self._open_transport is not None:
            self._add(encode(header, payload))

    def send_json(self, header: bytes) -> None:
        """A header that was encoded before."""
        if self._open_transport is not None:
            self._add(encode_raw(header))

    def _add(self, frame: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(frame)
        if len(self._unsent) >= FLUSH_FRAMES:
            self._flush()

    def _flush(self) -> None:
        frames, self._unsent = self._unsent, []
        transport = self._open_transport
        if not frames or transport is None:
            return
        transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            # A daemon that reads nothing: results are in the spool, and it gets them when it comes back.
            transport.abort()

    def refuse(self, code: str, message: str) -> None:
        self.send({"type": "error", "code": code, "message": message})
        self.close()

    def close(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()
