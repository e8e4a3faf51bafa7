"""What passes between the judge and a program's process in a run: its inputs, and its outputs.

Inputs are copied by kernels of the judge, behind a word that its host writes once all up to their release is queued. While the driver copies, and
while a stream waits for its host, the device is other contexts'; one that looks for its inputs would have them before the clock runs.

Modes: open -> held (the stream waits for the word) -> open.
"""
from ctypes import c_uint32, c_uint64
from functools import cached_property
from typing import Callable

from .driver import Driver
from .kernels import BLOCKS_MAX, THREADS, HelperKernels
from .launching import LaunchShape, PreparedLaunch, address

WORD_BYTES, BYTES_PER_THREAD = 4, 64


class Exchange:
    def __init__(self, driver: Driver, kernels: HelperKernels) -> None:
        self._driver, self._kernels = driver, kernels
        # Page-locked host memory, which no program has.
        self._at = driver.host_buffer(WORD_BYTES)
        self._word, self._holds = c_uint32.from_address(self._at), 0
        self._word.value = 0

    def hold(self) -> None:
        """What is queued from here on waits for `release`."""
        self._holds += 1
        self._driver.check(self._driver.wait_for_word(self._at, self._holds), "cuStreamWaitValue32")

    def release(self) -> None:
        self._word.value = self._holds

    def copy(self, to: int, source: int, size: int) -> None:
        """Queued, as one kernel."""
        launch, say = self._copying
        say(to, source, size)
        launch.widen(min(BLOCKS_MAX, -(-size // (THREADS * BYTES_PER_THREAD))))
        self._driver.check(launch(), "kiln_copy")

    @cached_property
    def _copying(self) -> "tuple[PreparedLaunch, Callable[[int, int, int], None]]":
        """And what sets its arguments."""
        values = [address(0), address(0), c_uint64(0)]
        launch = PreparedLaunch(self._driver, self._kernels.function("kiln_copy"), LaunchShape([1], [THREADS]), values, is_own=True)
        return launch, launch.words(0, 3)
