"""Samples of timed runs on the GPU (sampling.py says what for): the launches that take and compare them, and the memory they lie in."""
import random
from collections.abc import Sequence
from ctypes import c_double, c_uint64
from typing import Callable, NamedTuple, Optional

from ..lookups import Lookup
from ..sampling import (
    CELL_BYTES,
    CELLS_PER_RUN,
    KEY_BITS,
    NO_SAMPLE,
    POISON_ALL,
    ROW_BYTES,
    ROWS_MAX,
    SAMPLED_BYTES,
    SAMPLES_COMPARED_MAX,
    SLOTS,
    Row,
    Sample,
    cells_of,
    pack_row,
    pack_samples,
)
from .driver import Driver
from .kernels import HelperKernels
from .launching import LaunchShape, PreparedLaunch, address
from .memory import Memory

THREADS, COMPARING_THREADS = 256, 512
# A block has so many stretches that it poisons about so much, or takes so many samples where it poisons nothing.
BYTES_PER_BLOCK = 128 * 1024
SAMPLES_PER_BLOCK = 64
# Values of the launch behind the fields of the first row and the table: stretches of a block; from the first to the last of these: where samples
# go, their key, the next one's, where it says when it starts, and by what outputs are poisoned.
TAKEN, POISON = 10, 14


# rtol, atol, relative_l2.
Limits = tuple[float, float, float]


class SampleStore:
    """The device's, for one section at a time, out of every side's reach."""

    def __init__(self, memory: Memory) -> None:
        self.cells = memory.allocate((SLOTS + 1) * CELLS_PER_RUN * CELL_BYTES)
        self.rows, self.runs = (memory.allocate(size) for size in (ROWS_MAX * ROW_BYTES, SAMPLES_COMPARED_MAX * SAMPLED_BYTES))


class Tools(NamedTuple):
    driver: Driver
    kernels: HelperKernels
    store: SampleStore


class Expected(NamedTuple):
    """Addresses: of the reference's output, of the norm that tells of it, and of the words for what is found."""

    output: int
    norm: int
    found: int


class CaseSamples:
    """Of one case. `at`: the address of a row's buffer."""

    def __init__(self, tools: Tools, rows: list[Row], at: Callable[[Row], int]) -> None:
        self._driver, self._kernels, self._store = tools
        self.rows, self._per_run = rows, sum(row.samples for row in rows)
        self.poisoned_bytes = sum(row.bytes for row in rows if row.how == POISON_ALL)
        self._table = b"".join(pack_row(row, at(row)) for row in rows)
        self._turn = self._prepare_turn(rows[0].fields(at(rows[0])))
        # Before every run: all that changes is set at once.
        # Of a generator of its own: a kernel sees what its outputs are poisoned with, and may try all keys that make it so.
        self._poison = random.Random(random.SystemRandom().getrandbits(256)).getrandbits
        self._say, self._bytes_per_run = self._turn.words(TAKEN, POISON + 1 - TAKEN), self._per_run * CELL_BYTES

    def _prepare_turn(self, first: tuple[int, ...]) -> PreparedLaunch:
        poisons = any(row.how == POISON_ALL for row in self.rows)
        each = max(1, BYTES_PER_BLOCK // CELL_BYTES // max(row.width for row in self.rows)) if poisons else SAMPLES_PER_BLOCK
        blocks = max(-(-cells_of(row.bytes) // (each * row.width)) for row in self.rows)
        values = [*(c_uint64(field) for field in first), address(self._store.rows), c_uint64(each)]
        values += [address(0), c_uint64(0), c_uint64(0), address(0), c_uint64(0)]
        shape = LaunchShape([blocks, len(self.rows)], [THREADS])
        return PreparedLaunch(self._driver, self._kernels.function("kiln_turn"), shape, values, is_own=True)

    def use(self) -> None:
        """Before any of what follows, and again after code of a side ran: the table is as it was made, whatever found it meanwhile."""
        self._driver.upload(self._store.rows, self._table)

    def turn(self, taken: Optional[Sample], following: int, stamp: int = 0) -> int:
        """Takes the sample of the run before, and poisons for the one with the key `following`; 0: there is none. How many kernels that were.
        `stamp`: where it says when it starts."""
        slot, key = taken or NO_SAMPLE
        self._say(self._store.cells + slot * self._bytes_per_run, key, following, stamp, self._poison(KEY_BITS))
        code = self._turn()
        if code:
            self._driver.check(code, "kiln_turn")
        return 1

    def announce(self, samples: Sequence[Sample]) -> None:
        self.use()
        self._driver.upload(self._store.runs, pack_samples(samples))

    def comparing(self, row: int, against: tuple[Expected, Lookup], limits: Limits) -> Callable[[tuple[int, int]], None]:
        """Compares samples, (first, count) of those announced. `limits`: rtol, atol, relative_l2."""
        launch, runs, check = self._prepare_compare(row, against, limits), self._store.runs, self._driver.check
        say = launch.words(0, 1)

        def compare(samples: tuple[int, int]) -> None:
            say(runs + SAMPLED_BYTES * samples[0])
            launch.widen(samples[1])
            check(launch(), "kiln_compare_samples")

        return compare

    def _prepare_compare(self, row: int, against: tuple[Expected, Lookup], limits: Limits) -> PreparedLaunch:
        expected, lookup = against
        values = [address(0), address(self._store.cells), c_uint64(self._per_run), address(expected.output)]
        values += [address(self._store.rows + ROW_BYTES * row), c_uint64(row), c_uint64(self.rows[row].replica)]
        values += [*(c_double(limit) for limit in limits), address(expected.norm), lookup, address(expected.found)]
        shape = LaunchShape([1], [COMPARING_THREADS])
        return PreparedLaunch(self._driver, self._kernels.function("kiln_compare_samples"), shape, values, is_own=True)

    def cell(self, row: int, slot: int, number: int) -> bytes:
        at = slot * self._per_run + self.rows[row].first + number
        return self._driver.download(self._store.cells + at * CELL_BYTES, CELL_BYTES)
