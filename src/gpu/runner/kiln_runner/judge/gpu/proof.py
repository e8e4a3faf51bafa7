"""After a candidate ran: do the judge's kernels still tell right from wrong? They are asked what has a known answer, among the real questions.

A kernel cannot reach their code, but tables that a compiler made of a `switch` or of numbers lie in memory that it can walk to.
"""
import struct
from collections.abc import Sequence
from typing import NamedTuple, Optional

from ..tensors import DTYPE_BYTES, keys_of, plain_tensor
from .driver import Driver
from .kernels import FindingsBlock, HelperKernels

ELEMENTS = 64
# Of one number: as many elements of the largest type as there are.
PART_BYTES = ELEMENTS * 8
ONE_AND_TWO = {
    "f64": "=d", "f32": "=f", "f16": "=e", "i64": "=q", "i32": "=i", "u32": "=I", "i8": "=b", "u8": "=B",
    "bf16": (0x3F80, 0x4000), "f8e4m3": (0x38, 0x40), "f4e2m1x2": (0x22, 0x44),
}
# No replica has this number.
NOT_A_REPLICA = 1 << 20
FIRST_IS_0 = 2**64 - 1


class Answer(NamedTuple):
    """What kiln_compare finds between ones and twos."""

    mismatches: int
    first: int
    difference2: float
    reference2: float


def words_of(dtypes: Sequence[str]) -> int:
    """Findings: a comparison of each type, a guard, a draw."""
    return FindingsBlock.COMPARISON_WORDS * len(dtypes) + 3


def bytes_of(dtypes: Sequence[str]) -> int:
    """Ones and twos of each type, and the table of a guard."""
    return 2 * PART_BYTES * len(dtypes) + 16


def content_of(dtypes: Sequence[str], address: int) -> bytes:
    parts = [(encoded(number, dtype) * ELEMENTS).ljust(PART_BYTES, b"\0") for dtype in dtypes for number in (0, 1)]
    return b"".join(parts) + struct.pack("=QQ", address, PART_BYTES)


def encoded(number: int, dtype: str) -> bytes:
    """An element that is 1 (`number` 0) or 2 (`number` 1)."""
    known = ONE_AND_TWO[dtype]
    return struct.pack(known, number + 1) if isinstance(known, str) else known[number].to_bytes(DTYPE_BYTES[dtype], "little")


def answer_for(dtype: str) -> Answer:
    count = ELEMENTS * (2 if dtype == "f4e2m1x2" else 1)
    return Answer(count, FIRST_IS_0, float(count), 4.0 * count)


class Proof:
    def __init__(self, driver: Driver, kernels: HelperKernels, findings: FindingsBlock, dtypes: Sequence[str], address: int, first: int) -> None:
        """`address`: bytes_of memory that no side is told. `first`: of words_of findings."""
        self._driver, self._dtypes, self._address, self._first = driver, dtypes, address, first
        self._content = content_of(dtypes, address)
        parts = [address + 2 * PART_BYTES * n for n in range(len(dtypes))]
        self._compares = [
            kernels.compare(plain_tensor(dtype, ELEMENTS), part, part + PART_BYTES, findings.at(first + FindingsBlock.COMPARISON_WORDS * n))
            for n, (dtype, part) in enumerate(zip(dtypes, parts))
        ]
        self._guard_at = first + FindingsBlock.COMPARISON_WORDS * len(dtypes)
        self._guard = kernels.guard(address + 2 * PART_BYTES * len(dtypes), 1, findings.at(self._guard_at))
        self._draw = kernels.draw(plain_tensor("f32", ELEMENTS), address, findings.at(self._guard_at + 2))

    def ask(self, seed: int) -> None:
        """Queues the questions."""
        self._driver.upload(self._address, self._content)
        keys = keys_of(seed, NOT_A_REPLICA, 0)
        for compare in self._compares:
            compare(0.0, 0.0)
        self._guard(keys[0])
        self._draw(*keys)

    def contradiction(self, found: FindingsBlock) -> Optional[str]:
        """Which answer is wrong, or None."""
        wrong: list[str] = []
        for n, dtype in enumerate(self._dtypes):
            mismatches, first, _, difference2, reference2 = found.comparison(self._first + FindingsBlock.COMPARISON_WORDS * n)
            if Answer(mismatches, first, difference2, reference2) != answer_for(dtype):
                wrong.append(f"comparing {dtype}")
        if not found.word(self._guard_at):
            wrong.append("looking at guards")
        if found.word(self._guard_at + 2) != FIRST_IS_0:
            wrong.append("looking at inputs")
        return f"the judge's kernels give wrong answers since the candidate ran: {', '.join(wrong)}" if wrong else None
