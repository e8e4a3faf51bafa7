"""Does the device compute, can the helper kernels tell right from wrong, and how fast does its memory copy."""
import secrets

from ..failures import DeviceFault
from ..tensors import plain_tensor
from .driver import CudaError, Driver
from .kernels import FindingsBlock, HelperKernels
from .memory import Memory

Keys = tuple[int, int]
ELEMENTS = 1 << 18
COPY_BYTES = 256 * 1024 * 1024
COPIES = 4


class Canary:
    """Its buffers are made once, so that a parked judge can run it in well under a millisecond after a neighbour's fault."""

    def __init__(self, memory: Memory, kernels: HelperKernels, findings: FindingsBlock) -> None:
        self._findings = findings
        tensor = plain_tensor("f32", ELEMENTS)
        one, other = memory.allocate(4 * ELEMENTS), memory.allocate(4 * ELEMENTS)
        self._draw_one, self._draw_other = kernels.draw(tensor, one), kernels.draw(tensor, other)
        self._verify = kernels.draw(tensor, one, findings.at(0))
        self._compare = kernels.compare(tensor, one, other, findings.at(1))

    def check(self) -> None:
        """Equal must be found equal and different different. DeviceFault says which was not."""
        try:
            self._check()
        except CudaError as error:
            raise DeviceFault(f"canary: {error}", lost=True) from error

    def _check(self) -> None:
        key0, key1 = secrets.randbits(64), secrets.randbits(64)
        if self._differences((key0, key1), (key0, key1), (key0, key1)) != (0, 0):
            raise DeviceFault("canary: equal memory was found different", lost=True)
        changed, mismatches = self._differences((key0, key1), (key1, key0), (key1, key0))
        if not changed or mismatches < ELEMENTS // 2:
            raise DeviceFault("canary: different memory was found equal", lost=True)

    def _differences(self, one: Keys, other: Keys, verified: Keys) -> tuple[int, int]:
        self._findings.clear(1 + FindingsBlock.COMPARISON_WORDS)
        self._draw_one(*one)
        self._draw_other(*other)
        self._verify(*verified)
        self._compare(0.0, 0.0)
        self._findings.fetch(1 + FindingsBlock.COMPARISON_WORDS)
        return self._findings.word(0), self._findings.comparison(1)[0]


def measure_copy(driver: Driver, memory: Memory) -> float:
    """Bytes a second of a large device-to-device copy, read plus written; the best of a few."""
    block = memory.map([COPY_BYTES, COPY_BYTES])
    source, target = (piece.address for piece in block.pieces)
    events = [driver.event() for _ in range(COPIES + 1)]
    driver.record(events[0])
    for end in events[1:]:
        driver.copy(target, source, COPY_BYTES)
        driver.record(end)
    driver.synchronize()
    best = min(driver.elapsed_ns(start, end) for start, end in zip(events, events[1:]))
    memory.free(block)
    return 2 * COPY_BYTES / best * 1e9
