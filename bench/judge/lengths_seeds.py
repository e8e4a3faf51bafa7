#!/usr/bin/env python3
"""Which `lengths_seed` draws typical lengths (docs/problems.md, indices): of the first hundred those whose lengths are nearest, rank by rank, to the
medians of lengths that are drawn freely. Needs gcc.

usage: bench/judge/lengths_seeds.py SEGMENTS TOTAL [SEGMENTS TOTAL …]
"""
import ctypes
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "gpu" / "runner"))
from kiln_runner.judge.cpu.library import compile_library, load_library
from kiln_runner.judge.tensors import DTYPE_CODE, structure_of

SEEDS, DRAWS, SHOWN, LONGEST_SHOWN = 100, 2001, 3, 8


class Lengths:
    def __init__(self, lib: ctypes.CDLL, segments: int, total: int) -> None:
        self._lib, self._segments, self.total = lib, segments, total

    def drawn(self, key: int, **how: int) -> "list[int]":
        """In falling order."""
        starts = (ctypes.c_int64 * (self._segments + 1))()
        distribution = {"kind": "offsets", "length": len(starts), "total": self.total, **how}
        structure = structure_of({"name": "starts", "dtype": "i64", "elements": len(starts), "role": "in", "distribution": distribution})
        self._lib.kiln_draw_structure(starts, len(starts), DTYPE_CODE["i64"], ctypes.byref(structure), key, 0)
        return sorted((end - start for start, end in zip(starts, starts[1:])), reverse=True)

    def typical(self) -> "list[float]":
        """At each rank the median of many draws."""
        return [statistics.median(of_rank) for of_rank in zip(*(self.drawn(key) for key in range(DRAWS)))]


def told(lengths: "list[float] | list[int]") -> str:
    longest = " ".join(f"{length:g}" for length in lengths[:LONGEST_SHOWN])
    return f"{longest}{' …' if len(lengths) > LONGEST_SHOWN else ''}, {sum(length == 0 for length in lengths)} empty"


def main(numbers: "list[int]") -> None:
    with tempfile.TemporaryDirectory() as folder:
        lib = load_library(compile_library(Path(folder)))
        for segments, total in zip(numbers[::2], numbers[1::2]):
            lengths = Lengths(lib, segments, total)
            typical = lengths.typical()
            print(f"{segments} segments of {total}: typical {told(typical)}")
            far = {seed: sum(abs(a - b) for a, b in zip(lengths.drawn(0, lengths_seed=seed), typical)) / total for seed in range(SEEDS)}
            for seed in sorted(far, key=far.__getitem__)[:SHOWN]:
                print(f"  lengths_seed {seed}: {100 * far[seed]:.1f} % off: {told(lengths.drawn(0, lengths_seed=seed))}")


if __name__ == "__main__":
    if len(sys.argv) < 3 or len(sys.argv) % 2 == 0 or not all(word.isdecimal() and int(word) > 0 for word in sys.argv[1:]):
        sys.exit(f"two positive numbers for each case, please\n{(__doc__ or '').rsplit(chr(10), 2)[-2]}")
    main([int(word) for word in sys.argv[1:]])
