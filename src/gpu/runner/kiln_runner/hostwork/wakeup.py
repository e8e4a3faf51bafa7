"""Signals as something to wait for. A wait that a signal interrupts begins again by itself (PEP 475): what its handler changed would be seen late."""
import os
import signal
from types import FrameType
from typing import Callable, Optional

READ_BYTES = 4096


class Wakeup:
    """`descriptor` is readable once one of the signals came. One in a process, made by its main thread."""

    def __init__(self, handlers: dict[signal.Signals, Callable[[], None]]) -> None:
        self.descriptor, self._write = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._write, False)
        for number, handler in handlers.items():
            signal.signal(number, _calling(handler))
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def clear(self) -> None:
        """What came is seen to from here on."""
        try:
            while os.read(self.descriptor, READ_BYTES):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """In a child that inherited it, too: its signals are its own."""
        signal.set_wakeup_fd(-1)
        os.close(self.descriptor)
        os.close(self._write)


def _calling(handler: Callable[[], None]) -> Callable[[int, Optional[FrameType]], None]:
    def call(_number: int, _frame: Optional[FrameType]) -> None:
        handler()

    return call


def look_again() -> None:
    """Handles a signal whose coming says it all."""
