"""The frame codec of the runner protocol, used on the socket and on the pipes to judges and compile workers.

A frame is: u32 big-endian N, u32 big-endian M, N bytes of UTF-8 JSON (an object with a string `type`), M bytes of payload.
"""
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple, Optional, cast

from kiln_runner.protocol import Json

# What a reader takes of a socket beyond the frame that it waits for.
AHEAD_BYTES = 64 * 1024
HEADER_BYTES_MAX = 8 * 1024 * 1024
PAYLOAD_BYTES_MAX = 64 * 1024 * 1024
_LENGTHS = struct.Struct(">II")
# Made once: json.dumps and json.loads make theirs anew at each call, or look for other encodings than UTF-8, which takes as long as a small frame.
_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_of_json = json.JSONDecoder().decode


class FrameError(ValueError):
    """The stream is not what this codec writes; it cannot be trusted from here on and must be closed."""


class Frame(NamedTuple):
    header: Json
    payload: bytes
    # The header as it came, so that it can be passed on without being encoded again.
    raw: bytes


def encode(header: Mapping[str, Any], payload: bytes = b"", payload_max: int = PAYLOAD_BYTES_MAX) -> bytes:
    """`payload_max`: where both ends are this program's, and it carries more."""
    raw = encode_json(header)
    _check(len(raw), len(payload), payload_max)
    return _framed(raw, payload)


def frame_start(header: Mapping[str, Any], payload_bytes: int) -> bytes:
    """What goes before a payload that is sent by itself."""
    raw = encode_json(header)
    _check(len(raw), payload_bytes)
    return _LENGTHS.pack(len(raw), payload_bytes) + raw


def encode_json(value: Mapping[str, Any]) -> bytes:
    """Half a surrogate pair, which words of a hostile program may hold and UTF-8 does not, becomes "?"."""
    return _to_json(value).encode(errors="replace")


def encode_raw(header: bytes, payload: bytes = b"") -> bytes:
    """Frames a header that is JSON text already."""
    _check(len(header), len(payload))
    return _framed(header, payload)


def _framed(header: bytes, payload: bytes) -> bytes:
    return b"".join((_LENGTHS.pack(len(header), len(payload)), header, payload))


def read_frame(stream: BinaryIO, payload_max: int = PAYLOAD_BYTES_MAX) -> Optional[tuple[Json, bytes]]:
    """Blocks for one frame; None at the end of the stream. FrameError when it ends inside a frame or holds none."""
    lengths = _read_exactly(stream, _LENGTHS.size)
    if not lengths:
        return None
    header_bytes, payload_bytes = _LENGTHS.unpack(lengths)
    _check(header_bytes, payload_bytes, payload_max)
    body = _read_exactly(stream, header_bytes + payload_bytes)
    if len(body) < header_bytes + payload_bytes:
        raise FrameError("the stream ended inside a frame")
    return _parse(body[:header_bytes]), body[header_bytes:]


class FrameDecoder:
    """Cuts frames out of a stream that arrives in chunks of any size. Holds at most one unfinished frame."""

    def __init__(self, payload_max: int = PAYLOAD_BYTES_MAX) -> None:
        self._buffer, self._payload_max = bytearray(), payload_max

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Yields every frame that is whole now. FrameError when the stream holds none."""
        self._buffer += chunk
        at = 0
        try:
            while len(self._buffer) - at >= _LENGTHS.size:
                header_bytes, payload_bytes = _LENGTHS.unpack_from(self._buffer, at)
                _check(header_bytes, payload_bytes, self._payload_max)
                end = at + _LENGTHS.size + header_bytes + payload_bytes
                if len(self._buffer) < end:
                    break
                raw = bytes(self._buffer[at + _LENGTHS.size : end - payload_bytes])
                payload = bytes(self._buffer[end - payload_bytes : end])
                at = end
                yield Frame(_parse(raw), payload, raw)
        finally:
            del self._buffer[:at]


class FrameInPlace(NamedTuple):
    header: Json
    # Overwritten once the next frame is asked for.
    payload: memoryview


class FrameReader:
    """Frames of a socket where they were received, for payloads that are large, and not to be copied."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._memory = memoryview(bytearray(AHEAD_BYTES))
        self._start = self._end = 0

    def next(self) -> Optional[FrameInPlace]:
        """Blocks for one; None when the stream ends before it is whole. FrameError when it holds none."""
        if not self._receive(_LENGTHS.size):
            return None
        header_bytes, payload_bytes = _LENGTHS.unpack_from(self._memory, self._start)
        _check(header_bytes, payload_bytes)
        whole = _LENGTHS.size + header_bytes + payload_bytes
        if not self._receive(whole):
            return None
        frame = self._memory[self._start + _LENGTHS.size : self._start + whole]
        self._start += whole
        return FrameInPlace(_parse(bytes(frame[:header_bytes])), frame[header_bytes:])

    def rest(self) -> bytes:
        """What was received behind the last frame: for a caller that reads the socket itself from here on."""
        rest = bytes(self._memory[self._start : self._end])
        self._start = self._end = 0
        return rest

    def _receive(self, count: int) -> bool:
        """Until so many bytes are there from `_start` on."""
        held = self._end - self._start
        if self._start + count > len(self._memory):
            memory = self._memory if count <= len(self._memory) else memoryview(bytearray(count + AHEAD_BYTES))
            memory[:held] = self._memory[self._start : self._end]
            self._memory, self._start, self._end = memory, 0, held
        while self._end - self._start < count:
            received = self._connection.recv_into(self._memory[self._end :])
            if received == 0:
                return False
            self._end += received
        return True


def _check(header_bytes: int, payload_bytes: int, payload_max: int = PAYLOAD_BYTES_MAX) -> None:
    if header_bytes > HEADER_BYTES_MAX:
        raise FrameError(f"a header of {header_bytes} bytes; the limit is {HEADER_BYTES_MAX}")
    if payload_bytes > payload_max:
        raise FrameError(f"a payload of {payload_bytes} bytes; the limit is {payload_max}")


def _parse(raw: bytes) -> Json:
    try:
        header: Any = _of_json(raw.decode())
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a header that is not JSON: {error}") from error
    if not isinstance(header, dict) or not isinstance(cast(Json, header).get("type"), str):
        raise FrameError('a header must be a JSON object with a string "type"')
    return cast(Json, header)


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    """`count` bytes, or nothing at the end of the stream, or fewer when it ends inside."""
    parts: list[bytes] = []
    while count > 0:
        part = stream.read(count)
        if not part:
            break
        parts.append(part)
        count -= len(part)
    if parts and count > 0:
        raise FrameError("the stream ended inside a frame")
    return b"".join(parts)
