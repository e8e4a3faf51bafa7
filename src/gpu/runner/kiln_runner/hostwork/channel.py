"""One connection of a daemon: frames both ways over a blocking socket. `Refused` is what a person did wrong, told in words."""
import contextlib
import select
import socket
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from kiln_runner.frames import Frame, FrameDecoder, FrameInPlace, FrameReader, encode, frame_start
from kiln_runner.schema import Shape

READ_BYTES = 64 * 1024
LEFT_BYTES = 1 << 20


class Refused(Exception):
    """`code` is one of the daemon's error codes."""

    def __init__(self, message: str, code: str = "WORK_REFUSED") -> None:
        super().__init__(message)
        self.code = code


class Channel:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._decoder = FrameDecoder()
        self._reader = FrameReader(connection)

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        self.connection.sendall(encode(header, payload))

    def send_large(self, header: Mapping[str, Any], payload: memoryview) -> None:
        """The same, for a payload that is not to be copied."""
        self.connection.sendall(frame_start(header, len(payload)))
        self.connection.sendall(payload)

    def receive(self, shape: Shape) -> Optional[FrameInPlace]:
        """The next frame, checked; None when the daemon has hung up."""
        frame = self._reader.next()
        if frame is not None:
            shape(frame.header)
        return frame

    def until_end(self, shape: Shape) -> Iterator[FrameInPlace]:
        """Frames up to `end`. EOFError when the connection ends before it."""
        while True:
            frame = self.receive(shape)
            if frame is None:
                raise EOFError("the connection ended within a request")
            if frame.header["type"] == "end":
                return
            yield frame

    def hang_up(self) -> None:
        """All has been said; the work may go on."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)

    def finish(self) -> None:
        """All has been said and done. Until the daemon hangs up too, what still comes is read: its arrival would take away what was said."""
        self.hang_up()
        with contextlib.suppress(OSError):
            self.connection.setblocking(True)
            while self.connection.recv(LEFT_BYTES):
                pass

    def refuse_hung_up(self) -> None:
        """EOFError where the daemon has ended the connection, also with something unread before its end."""
        ended = select.poll()
        ended.register(self.connection, select.POLLRDHUP)
        if ended.poll(0):
            raise EOFError("the daemon hung up")

    def pending(self) -> list[Frame]:
        """What has been read already: for a caller that reads the socket itself from here on."""
        return self.feed(self._reader.rest())

    def feed(self, data: bytes) -> list[Frame]:
        return list(self._decoder.feed(data))
