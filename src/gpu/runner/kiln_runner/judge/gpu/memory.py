"""One allocation for all buffers of all cases: it grows when a case needs more and stays for the next candidate."""
from ..failures import InfraFailure
from .driver import OUT_OF_MEMORY, CudaError, Driver

STEP_BYTES = 256 * 1024 * 1024


class Arena:
    """`generation` changes whenever the base does: everything bound to addresses of an older one is void."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.base, self._size, self.generation = 0, 0, 0

    def reserve(self, size: int) -> None:
        if size <= self._size:
            return
        if self.base:
            self._driver.free(self.base)
        self.base, self._size = 0, 0
        self.generation += 1
        rounded = -(-size // STEP_BYTES) * STEP_BYTES
        try:
            self.base, self._size = self._driver.allocate(rounded), rounded
        except CudaError as error:
            if error.code != OUT_OF_MEMORY:
                raise
            raise InfraFailure("out_of_memory", f"the device has no {rounded} bytes for the buffers of this case") from error
