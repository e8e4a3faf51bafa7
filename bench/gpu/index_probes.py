"""Indices on a real GPU against the cpu device's code, for judge_probes.py: drawn to the same bits, and looked up to the same verdicts."""
import ctypes
import random
import struct
from pathlib import Path

from kiln_runner.judge.cpu.library import Comparison, compile_library, load_library
from kiln_runner.judge.gpu.device import GpuDevice
from kiln_runner.judge.lookups import lookup_in, seen_bytes
from kiln_runner.judge.tensors import DTYPE_BYTES, DTYPE_CODE, structure_of
from kiln_runner.protocol_tensors import Compare, Tensor

INTEGERS = ("i64", "i32", "u32", "i8", "u8")
LENGTHS, ROWS, WORDS = (1, 2, 5, 113, 128), 37, 5
LONG = 1_000_003
# Of the places of a row: right, another of equal value, out of range, twice.
TRIALS = 200


class IndexProbe:
    def __init__(self, device: GpuDevice, cache: Path) -> None:
        self.driver, self.memory, self.kernels, self.findings = device.driver, device.memory, device.kernels, device.findings
        self.lib = load_library(compile_library(cache))

    def drawn_otherwise(self) -> list[str]:
        """Distributions whose bits differ."""
        kinds = [
            lambda n: {"kind": "permutation", "length": n}, lambda n: {"kind": "offsets", "length": max(n, 2), "total": 100},
            lambda n: {"kind": "offsets", "length": max(n, 2), "total": 100, "lengths_seed": n},
            lambda n: {"kind": "sorted_integers", "length": n, "low": 0, "high": 77}, lambda _n: {"kind": "bernoulli", "share": 0.3},
        ]
        asked = [(dtype, make(n), ROWS * max(n, 2)) for dtype in INTEGERS for make in kinds for n in LENGTHS]
        asked += [("i32", make(LONG), LONG) for make in kinds]
        return [f"{dtype} {how}" for dtype, how, count in asked if not self.is_same(dtype, how, count)]

    def is_same(self, dtype: str, distribution: dict, count: int) -> bool:
        tensor: Tensor = {"name": "probe", "dtype": dtype, "elements": count, "role": "in", "distribution": distribution}
        keys, size = (random.getrandbits(64), random.getrandbits(64)), count * DTYPE_BYTES[dtype]
        wanted, structure = ctypes.create_string_buffer(size), structure_of(tensor)
        self.lib.kiln_draw_structure(wanted, count, DTYPE_CODE[dtype], ctypes.byref(structure), *keys)
        block = self.memory.map([size])
        self.kernels.draw(tensor, block.pieces[0].address)(*keys)
        found = self.driver.download(block.pieces[0].address, size)
        self.memory.free(block)
        return found == wanted.raw

    def judged_otherwise(self) -> int:
        """Of TRIALS outputs of indices, right and wrong ones: those that the two do not agree on."""
        return sum(self.gpu_says(*trial) != self.cpu_says(*trial) for trial in (self.trial(random.Random(n)) for n in range(TRIALS)))

    @staticmethod
    def trial(rng: random.Random) -> tuple[list[float], list[int], list[int], int]:
        """(of, indices, the reference's, length)."""
        length = rng.choice((1, 3, 40))
        of = [float(rng.randrange(5)) for _ in range(ROWS * length)]
        reference = [n for _ in range(ROWS) for n in rng.sample(range(length), length)]
        out = list(reference)
        for _ in range(rng.randrange(4)):
            out[rng.randrange(len(out))] = rng.choice((0, length - 1, length, -1, 2**31 - 1, -(2**31), rng.randrange(length)))
        return of, out, reference, length

    @staticmethod
    def tensors(of: list[float], length: int) -> tuple[Tensor, Tensor]:
        compare: Compare = {"kind": "indices", "of": "x", "length": length, "each": length, "distinct": True}
        x: Tensor = {"name": "x", "dtype": "f32", "elements": len(of), "role": "in", "distribution": {"kind": "zeros"}}
        return x, {"name": "y", "dtype": "i32", "elements": len(of), "role": "out", "distribution": {"kind": "zeros"}, "compare": compare}

    def cpu_says(self, of: list[float], out: list[int], reference: list[int], length: int) -> int:
        x, y = self.tensors(of, length)
        data, found = (ctypes.c_float * len(of))(*of), Comparison()
        seen = ctypes.create_string_buffer(seen_bytes(y, x))
        lookup = lookup_in(x, y, ctypes.addressof(data), ctypes.addressof(seen))
        arrays = [(ctypes.c_int * len(of))(*values) for values in (out, reference)]
        self.lib.kiln_compare_indices(*arrays, len(of), DTYPE_CODE["i32"], ctypes.byref(lookup), ctypes.byref(found))
        return found.mismatches

    def gpu_says(self, of: list[float], out: list[int], reference: list[int], length: int) -> int:
        x, y = self.tensors(of, length)
        size = seen_bytes(y, x)
        block = self.memory.map([4 * len(of), 4 * len(of), 4 * len(of), size])
        places = [piece.address for piece in block.pieces]
        for place, packed in zip(places, (struct.pack(f"={len(of)}f", *of), *(struct.pack(f"={len(of)}i", *values) for values in (out, reference)))):
            self.driver.upload(place, packed)
        self.findings.clear(WORDS)
        lookup = lookup_in(x, y, places[0], places[3])
        self.kernels.compare_indices(y, (places[1], places[2], self.findings.at(0)), lookup, size)(0.0, 0.0)
        self.findings.fetch(WORDS)
        self.memory.free(block)
        return self.findings.comparison(0)[0]
