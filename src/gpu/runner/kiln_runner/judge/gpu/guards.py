"""The guards around a case's buffers on the GPU: bytes that nobody has a reason to write, and whether they are as they were made."""
import struct
from collections.abc import Sequence
from typing import Optional

from ..layout import Guard as Segment
from ..layout import buffer_name, distance
from ..outcomes import GuardDamage
from .case_needs import Gpu
from .kernels import FindingsBlock, Guard

WORDS_EACH = 2


class CaseGuards:
    """Their findings are the first of the case's: `words` of them."""

    def __init__(self, gpu: Gpu, segments: Sequence[Segment], addresses: Sequence[int], table: int) -> None:
        """`addresses`: of each segment. `table`: memory for the list of them, which no side is told."""
        self._driver, self._segments, self._table = gpu.driver, segments, table
        self._content = b"".join(struct.pack("=QQ", address, segment.bytes) for address, segment in zip(addresses, segments))
        self._write = gpu.kernels.guard(table, len(segments))
        self._check = gpu.kernels.guard(table, len(segments), gpu.findings.at(0))
        self._key, self.words = 0, WORDS_EACH * len(segments)

    def write(self, key: int) -> None:
        """New ones."""
        self._key = key
        self._use(self._write)

    def check(self) -> None:
        self._use(self._check)

    def _use(self, guards: Guard) -> None:
        """By a table that is as it was made: whatever found it meanwhile."""
        if self._segments:
            self._driver.upload(self._table, self._content)
            guards(self._key)

    def damage(self, found: FindingsBlock) -> Optional[GuardDamage]:
        for number, segment in enumerate(self._segments):
            last = found.word(WORDS_EACH * number + 1)
            if last:
                first = ~found.word(WORDS_EACH * number) & (2**64 - 1)
                return GuardDamage(buffer_name(segment.buffer), segment.side, distance(segment, first, last - 1))
        return None
