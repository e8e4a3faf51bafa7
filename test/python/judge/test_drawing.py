"""Fresh inputs: distributions and encodings of every dtype, by the C twin of the GPU's drawing kernel."""
import ctypes
import math
import random
import shutil
import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.cpu.library import Comparison, compile_library, load_library
from kiln_runner.judge.numbers import element_text
from kiln_runner.judge.tensors import DTYPE_BYTES, DTYPE_CODE, DTYPES, KIND_CODE, keys_of, poison_pattern

FLOATS = ("f64", "f32", "f16", "bf16", "f8e4m3")


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Drawing(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.lib = load_library(compile_library(Path(cls.folder.name)))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def draw(
        self, dtype: str, kind: str, p0: float = 0.0, p1: float = 0.0, count: int = 20_000, keys: tuple[int, int] = (1, 2)
    ) -> bytes:
        data = ctypes.create_string_buffer(count * DTYPE_BYTES[dtype] + 1)
        self.lib.kiln_draw(data, count, DTYPE_CODE[dtype], KIND_CODE[kind], p0, p1, *keys)
        self.assertEqual(data.raw[-1], 0, "one element too many was drawn")
        return data.raw[:-1]

    def numbers(self, data: bytes, dtype: str) -> list[float]:
        size = DTYPE_BYTES[dtype]
        return [float(element_text(data[n : n + size], dtype)) for n in range(0, len(data), size)]

    def test_normal_numbers_have_their_mean_and_deviation_in_every_float_type(self) -> None:
        for dtype in FLOATS:
            values = self.numbers(self.draw(dtype, "normal", 1.0, 2.0), dtype)
            mean = sum(values) / len(values)
            self.assertAlmostEqual(mean, 1.0, delta=0.06, msg=dtype)
            self.assertAlmostEqual(math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)), 2.0, delta=0.06, msg=dtype)

    def test_uniform_numbers_fill_their_range_and_stay_in_it(self) -> None:
        values = self.numbers(self.draw("f32", "uniform", -1.0, 3.0), "f32")
        self.assertTrue(all(-1.0 <= v < 3.0 for v in values))
        self.assertLess(min(values), -0.99)
        self.assertGreater(max(values), 2.99)

    def test_integers_reach_both_ends_and_are_whole_in_every_type(self) -> None:
        for dtype in ("f32", "f16", "i64", "i32", "i8"):
            self.assertEqual(set(self.numbers(self.draw(dtype, "integers", -3.0, 3.0), dtype)), set(map(float, range(-3, 4))), dtype)

    def test_random_bits_use_every_bit(self) -> None:
        for dtype in ("u8", "f4e2m1x2", "u32", "i64"):
            data, size = self.draw(dtype, "bits"), DTYPE_BYTES[dtype]
            for byte in range(size):
                self.assertGreater(len(set(data[byte::size])), 250, dtype)

    def test_packed_fp4_holds_two_independent_normals(self) -> None:
        data = self.draw("f4e2m1x2", "normal", 0.0, 2.0)
        self.assertGreater(len({byte & 15 for byte in data}), 13)
        self.assertGreater(len({(byte & 15, byte >> 4) for byte in data}), 150)

    def test_the_same_keys_give_the_same_bits_and_other_keys_others(self) -> None:
        for dtype in DTYPES:
            kind = "normal" if dtype in FLOATS else "bits"
            first = self.draw(dtype, kind, 0.0, 1.0, keys=(5, 6))
            self.assertEqual(first, self.draw(dtype, kind, 0.0, 1.0, keys=(5, 6)), dtype)
            self.assertNotEqual(first, self.draw(dtype, kind, 0.0, 1.0, keys=(5, 7)), dtype)

    def test_odd_lengths_are_drawn_to_the_last_element_and_no_further(self) -> None:
        for count in (1, 2, 3, 511, 513):
            for dtype in ("f32", "f16", "u8", "f4e2m1x2"):
                self.draw(dtype, "bits", count=count)

    def test_halves_round_to_nearest_even_as_the_standard_says(self) -> None:
        for text in (0.1, 1 / 3, 65504.0, 6.1e-5, 5.96e-8, 1e-8, 2049.0, 2051.0):
            data = self.draw("f16", "normal", text, 0.0, count=2)
            self.assertEqual(data[:2], struct.pack("=e", struct.unpack("=f", struct.pack("=f", text))[0]), text)

    def test_replicas_tensors_and_seeds_have_keys_of_their_own(self) -> None:
        keys = {keys_of(seed, replica, tensor) for seed in (1, 2**100 + 1) for replica in range(16) for tensor in range(16)}
        self.assertEqual(len(keys), 2 * 16 * 16)

    def test_poison_is_nan_in_every_float_type_and_differs_between_runs(self) -> None:
        rng = random.Random(3)
        for dtype in FLOATS:
            patterns = [poison_pattern(dtype, rng) for _ in range(40)]
            self.assertGreater(len(set(patterns)), 8, dtype)
            for pattern in patterns:
                data = struct.pack("=II", pattern, pattern)
                self.assertTrue(all(math.isnan(v) for v in self.numbers(data, dtype)), f"{dtype} {pattern:08x}")


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Comparing(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.lib = load_library(compile_library(Path(cls.folder.name)))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def compare(self, out: list[float], ref: list[float], rtol: float = 0.0, atol: float = 0.0) -> Comparison:
        found, count = Comparison(), len(out)
        arrays = [(ctypes.c_float * count)(*values) for values in (out, ref)]
        self.lib.kiln_compare(*arrays, count, DTYPE_CODE["f32"], rtol, atol, ctypes.byref(found))
        return found

    def test_nan_matches_nan_only_and_infinity_only_itself(self) -> None:
        nan, inf = math.nan, math.inf
        self.assertEqual(self.compare([nan, inf, -inf], [nan, inf, -inf]).mismatches, 0)
        for out, ref in ((nan, 1.0), (1.0, nan), (inf, 1.0), (1.0, inf), (inf, -inf), (nan, inf)):
            self.assertEqual(self.compare([out], [ref], 1.0, 1e30).mismatches, 1, (out, ref))

    def test_tolerances_are_relative_to_the_reference_and_inclusive(self) -> None:
        self.assertEqual(self.compare([1.5], [1.0], 0.5, 0.0).mismatches, 0)
        self.assertEqual(self.compare([1.5], [1.0], 0.25, 0.25).mismatches, 0)
        self.assertEqual(self.compare([1.5], [1.0], 0.25, 0.125).mismatches, 1)

    def test_the_first_and_the_worst_element_are_named(self) -> None:
        found = self.compare([0, 1, 0, 9, 0], [0, 0, 0, 0, 0])
        self.assertEqual((found.mismatches, ~found.first & (2**64 - 1), ~found.worst & 0xFFFFFFFF), (2, 1, 3))
        self.assertEqual((found.difference2, found.reference2), (82.0, 0.0))


if __name__ == "__main__":
    unittest.main()
