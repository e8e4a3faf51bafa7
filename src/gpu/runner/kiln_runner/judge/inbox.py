"""The judge's stdin: frames, and whether one is there."""
import os
import select
from typing import Optional, Tuple

from ..frames import read_frame


class Inbox:
    """Unbuffered, so that what the descriptor does not show is not there."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "rb", buffering=0)

    def read(self) -> Optional[Tuple[dict, bytes]]:
        """Waits for a frame; None at the end of the stream."""
        return read_frame(self._stream)

    def has_frame(self, seconds: float) -> bool:
        """Waits that long for a frame, or for the end of the stream."""
        return bool(select.select([self._stream], [], [], seconds)[0])
