"""One allocation for all buffers of all cases: it grows when a case needs more and stays for the next candidate."""
from ..failures import InfraFailure
from .driver import OUT_OF_MEMORY, CudaError, Driver

STEP_BYTES = 256 * 1024 * 1024
# A judge that waits holds no more of the device's memory than this, and none that would leave less than this free.
PARKED_SHARE_MAX = 1 / 32
FREE_SHARE_LEAST = 1 / 2


class Arena:
    """`generation` changes whenever the base does: everything bound to addresses of an older one is void."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.base, self._size, self.generation = 0, 0, 0

    def may_park(self, size: int) -> bool:
        """True where `size` bytes held ahead of time leave enough to the judge that works."""
        free, total = self._driver.memory_bytes()
        more = _rounded(size)
        return size <= self._size or (more <= total * PARKED_SHARE_MAX and free - more >= total * FREE_SHARE_LEAST)

    def reserve(self, size: int) -> None:
        if size <= self._size:
            return
        if self.base:
            self._driver.free(self.base)
        self.base, self._size = 0, 0
        self.generation += 1
        rounded = _rounded(size)
        try:
            self.base, self._size = self._driver.allocate(rounded), rounded
        except CudaError as error:
            if error.code != OUT_OF_MEMORY:
                raise
            raise InfraFailure("out_of_memory", f"the device has no {rounded} bytes for the buffers of this case") from error


def _rounded(size: int) -> int:
    return -(-size // STEP_BYTES) * STEP_BYTES
