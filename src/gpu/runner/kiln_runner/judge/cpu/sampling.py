"""Samples of timed runs on the CPU (sampling.py says what for), and the memory of this process that they lie in."""
import ctypes
import mmap
from collections.abc import Sequence
from typing import Callable, Optional

from kiln_runner.protocol import Tolerance

from ..lookups import Lookup
from ..sampling import CELL_BYTES, CELLS_PER_RUN, NO_SAMPLE, ROW_BYTES, SAMPLED_BYTES, SLOTS, Row, Sample, pack_row, pack_samples

FOUND_WORDS = 3


class SampleStore:
    """The device's, for one section at a time. Pages are there once they are written to."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, (SLOTS + 1) * CELLS_PER_RUN * CELL_BYTES)
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(self._map))


class CaseSamples:
    def __init__(self, lib: ctypes.CDLL, store: SampleStore, rows: list[Row], at: Callable[[Row], int]) -> None:
        self._lib, self._store, self.rows, self._per_run = lib, store, rows, sum(row.samples for row in rows)
        self._table = ctypes.create_string_buffer(b"".join(pack_row(row, at(row)) for row in rows))
        self._announced = ctypes.create_string_buffer(SAMPLED_BYTES)

    def take(self, sample: Optional[Sample]) -> None:
        slot, key = sample or NO_SAMPLE
        self._lib.kiln_sample(self._table, len(self.rows), self._store.base + slot * self._per_run * CELL_BYTES, key)

    def announce(self, samples: Sequence[Sample]) -> None:
        self._announced = ctypes.create_string_buffer(pack_samples(samples))

    def compare(self, row: int, samples: tuple[int, int], against: tuple[int, float], terms: tuple[Tolerance, Lookup]) -> tuple[int, int, int]:
        """`against`: address of the reference's output, and the square of a norm that tells of it."""
        first, count = samples
        tolerance, lookup = terms
        found = (ctypes.c_uint64 * FOUND_WORDS)()
        limits = (ctypes.c_double * 3)(tolerance["rtol"], tolerance["atol"], tolerance["relative_l2"])
        runs, table = ctypes.addressof(self._announced) + SAMPLED_BYTES * first, ctypes.addressof(self._table) + ROW_BYTES * row
        output, norm2 = against
        self._lib.kiln_compare_samples(
            runs, count, self._store.base, self._per_run, output, table, row, self.rows[row].replica, limits, norm2, ctypes.byref(lookup), found
        )
        mismatches, first, far = found
        return mismatches, first, far

    def cell(self, row: int, slot: int, number: int) -> bytes:
        at = slot * self._per_run + self.rows[row].first + number
        return ctypes.string_at(self._store.base + at * CELL_BYTES, CELL_BYTES)
