"""Samples of every timed run: what is looked at, where it is kept, and what of it is compared after the section. Pure.

After each run of the candidate the judge copies some cells of 16 bytes of every output of every replica to memory of its own, at places that
a key drawn for this run decides (native/sample.h). After the section executions are drawn from all of it, and all runs on the same inputs as
one of these are compared with the reference's outputs, which runs once for them.
"""
import itertools
import math
import random
import struct
from collections.abc import Sequence
from typing import NamedTuple

from kiln_runner.protocol import Tensor

from .layout import REPLICAS_MAX
from .tensors import DTYPE_CODE, input_set_of, is_output, tensor_bytes

CELL_BYTES = 16
CELLS_PER_RUN = 2048
# Runs whose samples are kept; of a section with more a random choice of as many. One more slot takes what nobody asks for.
SLOTS = 1024
NO_SLOT = SLOTS
# Outputs of all replicas and scratch of all sides; more of these than any plan names.
ROWS_MAX = 4096
# A run's sample is compared once for each replica.
SAMPLES_COMPARED_MAX = SLOTS * REPLICAS_MAX
# Executions that are drawn for the comparison. With a share f of them undone or wrong none of n is found with probability (1 - f)^n at most:
# 0.8^64 is below 1e-6. Of few runs fewer draws are as sure, since none is drawn twice.
DRAWN_SCREENING, DRAWN_CONFIRMING = 16, 64
CERTAIN_SHARE, CERTAIN_CHANCE = 0.2, 1e-6
# Of a run on hard inputs so many replicas are compared.
HARD_REPLICAS = 2
LEAVE, POISON_ALL, POISON_CELLS = 0, 1, 2
KEY_BITS = 64
NO_SAMPLES = -1
_ROW = struct.Struct("=QQQQQQQQ")
# A sample's slot and its key.
ROW_BYTES, SAMPLED_BYTES = _ROW.size, 16


class Sample(NamedTuple):
    """Of one run: where it is kept, and the key of its places."""

    slot: int
    key: int


# For runs whose samples nobody asks for: all are treated alike.
NO_SAMPLE = Sample(NO_SLOT, 1)


class Row(NamedTuple):
    """One output of one replica, or a side's scratch (no samples). `width`: cells that one sample stands for; `first`: of its samples among
    those of a run."""

    replica: int
    name: str
    dtype: str
    bytes: int
    width: int
    first: int
    how: int

    @property
    def samples(self) -> int:
        return -(-cells_of(self.bytes) // self.width) if self.first >= 0 else 0

    def fields(self, pointer: int) -> tuple[int, ...]:
        """Of native/sample.h."""
        return (pointer, self.bytes, cells_of(self.bytes), self.width, self.samples, max(self.first, 0), DTYPE_CODE[self.dtype], self.how)


def pack_row(row: Row, pointer: int) -> bytes:
    return _ROW.pack(*row.fields(pointer))


def cells_of(size: int) -> int:
    return -(-size // CELL_BYTES)


def pack_samples(samples: Sequence[Sample]) -> bytes:
    return struct.pack(f"={2 * len(samples)}Q", *itertools.chain.from_iterable(samples))


def rows_of(tensors: Sequence[Tensor], batch: int, scratch: dict[str, int], poison_bytes_max: int) -> list[Row]:
    """All outputs of all replicas, then the scratch. Outputs are poisoned as a whole where all of them fit `poison_bytes_max`, whatever scratch
    there is, and in one cell of each stretch otherwise (native/sample.h); scratch where it fits what they leave."""
    outputs = [tensor for tensor in tensors if is_output(tensor)]
    sizes = [tensor_bytes(tensor) for _ in range(batch) for tensor in outputs]
    drawn = [tensor["role"] == "out" for _ in range(batch) for tensor in outputs]
    poisoned = sum(size for size, is_out in zip(sizes, drawn) if is_out)
    how = POISON_ALL if poisoned <= poison_bytes_max else POISON_CELLS
    rows: list[Row] = []
    for number, width in enumerate(_widths(sizes)):
        tensor, first = outputs[number % len(outputs)], sum(row.samples for row in rows)
        replica = number // len(outputs)
        rows.append(Row(replica, tensor["name"], tensor["dtype"], sizes[number], width, first, how if drawn[number] else LEAVE))
    left = poison_bytes_max - (poisoned if how == POISON_ALL else 0)
    if sum(scratch.values()) <= left:
        rows += [Row(0, name, "f32", size, rows[0].width, NO_SAMPLES, POISON_ALL) for name, size in scratch.items()]
    return rows


def _widths(sizes: Sequence[int]) -> list[int]:
    """How many cells of each buffer one sample stands for: one where it is small; half of the samples are shared out alike, half by size, so
    that none is left out."""
    alike = CELLS_PER_RUN // 2 // len(sizes)
    by_size = CELLS_PER_RUN // 2 / sum(sizes)
    return [-(-cells_of(size) // max(1, alike + int(by_size * size))) for size in sizes]


def place_in(row: Row, element_bytes: int, element: int) -> int:
    """Which of the row's samples stands for the element."""
    return element * element_bytes // CELL_BYTES // row.width


class Slots:
    """Gives each run of a section its slot: past SLOTS a random earlier one loses its own, so that any that is kept is as likely as any other."""

    def __init__(self, rng: random.Random) -> None:
        self._rng, self._seen = rng, 0

    def take(self) -> Sample:
        number, self._seen = self._seen, self._seen + 1
        slot = number if number < SLOTS else min(self._rng.randrange(self._seen), NO_SLOT)
        return Sample(slot, self._rng.getrandbits(KEY_BITS) | 1)

    def take_many(self, count: int) -> list[Sample]:
        """As `take`, so often, in a tenth of the time while there are slots left: keys are drawn together."""
        first = self._seen
        if first + count > SLOTS:
            return [self.take() for _ in range(count)]
        self._seen += count
        keys = struct.unpack(f"={count}Q", self._rng.getrandbits(KEY_BITS * count).to_bytes(KEY_BITS // 8 * count, "little")) if count else ()
        return [Sample(first + number, key | 1) for number, key in enumerate(keys)]


class Proof(NamedTuple):
    """The reference runs once on the inputs of `replica` under `seed`: all of `samples` must agree with it. `first`: of them, among all."""

    seed: int
    replica: int
    first: int
    samples: list[Sample]


def draws_to_confirm(runs: int, batch: int) -> int:
    """So many that a fifth of the executions left out is missed with a probability of 1e-6 at most."""
    if batch > 1:
        return DRAWN_CONFIRMING
    wrong, missed, draws = math.ceil(CERTAIN_SHARE * runs), 1.0, 0
    while missed > CERTAIN_CHANCE and draws < runs:
        missed *= (runs - wrong - draws) / (runs - draws)
        draws += 1
    return draws


def draw_proofs(ran: Sequence[tuple[int, Sample]], batch: int, least: int, rng: random.Random) -> list[Proof]:
    """`ran`: the inputs' seed and the sample of each run of the candidate that still has its slot, those of one seed behind each other. Of runs on
    plain inputs draws `least` executions without putting back, every replica at least twice; those on hard inputs are all taken."""
    each = -(-max(least, 2 * batch) // batch)
    plain = [seed for seed, _ in ran if not input_set_of(seed)]
    drawn = {(seed, replica) for replica in range(batch) for seed in rng.sample(plain, min(each, len(plain)))}
    drawn |= {(seed, replica) for seed, _ in ran if input_set_of(seed) for replica in rng.sample(range(batch), min(HARD_REPLICAS, batch))}
    runs: dict[int, list[int]] = {}
    for number, (seed, _) in enumerate(ran):
        runs.setdefault(seed, []).append(number)
    return [Proof(seed, replica, runs[seed][0], [ran[n][1] for n in runs[seed]]) for seed, replica in sorted(drawn)]
