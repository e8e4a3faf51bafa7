"""The judge's stdin: frames, and whether one is there."""
import os
import select
from collections import deque
from typing import Optional

from kiln_runner.protocol import Json

from ..frames import read_frame

# Frames set aside while others were looked for; more stay in the pipe.
KEPT_MAX = 64


class Inbox:
    """Unbuffered, so that what the descriptor does not show is not there."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "rb", buffering=0)
        self._kept: deque[Optional[tuple[Json, bytes]]] = deque()

    def read(self) -> Optional[tuple[Json, bytes]]:
        """Waits for a frame; None at the end of the stream."""
        return self._kept.popleft() if self._kept else read_frame(self._stream)

    def has_frame(self, seconds: float) -> bool:
        """Waits that long for a frame, or for the end of the stream."""
        return bool(self._kept) or self._is_readable(seconds)

    def take(self, kind: str) -> list[Json]:
        """Headers of the frames of this kind that are there now; the others stay, in their order."""
        taken: list[Json] = []
        while len(self._kept) < KEPT_MAX and None not in self._kept and self._is_readable(0):
            frame = read_frame(self._stream)
            if frame is not None and frame[0]["type"] == kind:
                taken.append(frame[0])
            else:
                self._kept.append(frame)
        return taken

    def _is_readable(self, seconds: float) -> bool:
        return bool(select.select([self._stream], [], [], seconds)[0])
