"""Memory of the judge's shown a second time: at the addresses where a recorded program found its own.

One case is shown at a time. What is shown keeps its first address too, by which the judge itself writes and reads it.
"""
from typing import NamedTuple

from kiln_runner.programs.recording_shape import WINDOW_BYTES_MAX

from ..failures import InfraFailure
from .driver import CudaError, Driver
from .memory import Memory


class Shown(NamedTuple):
    handle: int
    bytes: int


class Windows:
    def __init__(self, driver: Driver, memory: Memory) -> None:
        self._driver, self._memory = driver, memory
        self._reserved: set[int] = set()
        self._shown: dict[int, Shown] = {}

    def show(self, wanted: dict[int, Shown]) -> None:
        """Address -> memory; all else is shown no more. InfraFailure where it cannot be."""
        gone = [address for address, shown in self._shown.items() if wanted.get(address) != shown]
        if gone:
            # What is queued may still use it.
            self._driver.synchronize()
        for address in gone:
            self._driver.unmap_memory(address, self._shown.pop(address).bytes)
        for address, shown in wanted.items():
            if address not in self._shown:
                self._map(address, shown)

    def hide(self) -> None:
        self.show({})

    def _map(self, address: int, shown: Shown) -> None:
        try:
            self._reserve(address - address % WINDOW_BYTES_MAX)
            self._driver.map_memory(address, shown.bytes, shown.handle)
        except CudaError as error:
            raise InfraFailure("internal", f"memory cannot be shown at {address:#x}, where a recording has it: {error}") from error
        self._shown[address] = shown

    def _reserve(self, window: int) -> None:
        """The judge's own addresses take in these too, as a rule, and nothing else of its memory is put there."""
        if window not in self._reserved and not self._memory.covers(window, WINDOW_BYTES_MAX):
            self._driver.reserve_at(window, WINDOW_BYTES_MAX)
            self._reserved.add(window)
