"""Inputs of several distributions at once: shares, what each kind holds, and the same bits however the code is compiled."""
import ctypes
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.cpu.library import compile_library, load_library
from kiln_runner.judge.gpu.launching import _pack
from kiln_runner.judge.native_source import read
from kiln_runner.judge.numbers import element_text, numbers_in
from kiln_runner.judge.tensors import DTYPE_BYTES, DTYPE_CODE, mixture_of

COUNT = 40_000
FLOATS = ("f64", "f32", "f16", "bf16", "f8e4m3", "f4e2m1x2")
# Whether multiplications and additions are fused, and how sums are ordered, is up to other compilers in other places.
OTHER_FLAGS = ["-O0", "-std=gnu11", "-ffp-contract=off", "-shared", "-fPIC"]
EVERYTHING = {"kind": "mixture", "of": [
    {"kind": "normal", "mean": 1, "std": 3, "share": 0.3}, {"kind": "uniform", "low": -2, "high": 5, "share": 0.2},
    {"kind": "zeros", "share": 0.1}, {"kind": "subnormal", "share": 0.1}, {"kind": "exponents", "low": -5, "high": 4, "share": 0.2},
    {"kind": "integers", "low": -3, "high": 3, "share": 0.1},
]}


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Mixtures(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        folder = Path(cls.folder.name)
        cls.lib = load_library(compile_library(folder))
        (folder / "other.c").write_text(read("element.h", "sample.h", "cpu_kernels.c", "cpu_sampling.c"))
        subprocess.run(["gcc", *OTHER_FLAGS, "-o", str(folder / "other.so"), str(folder / "other.c"), "-lm"], check=True)
        cls.other = load_library(folder / "other.so")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def draw(self, dtype: str, distribution: dict, library: object = None, count: int = COUNT) -> bytes:
        data = ctypes.create_string_buffer(count * DTYPE_BYTES[dtype] + 1)
        mixture = mixture_of({"distribution": distribution})
        (library or self.lib).kiln_draw_mixture(data, count, DTYPE_CODE[dtype], ctypes.byref(mixture), 5, 6)
        self.assertEqual(data.raw[-1], 0, "one element too many was drawn")
        return data.raw[:-1]

    def numbers(self, dtype: str, distribution: dict) -> list[float]:
        data, size = self.draw(dtype, distribution), DTYPE_BYTES[dtype]
        return [n for at in range(0, len(data), size) for n in numbers_in(element_text(data[at : at + size], dtype))]

    def test_a_remainder_without_a_division_is_the_remainder(self) -> None:
        folder = Path(self.folder.name)
        told = "u64 told(u64 wide, int bits) { return modulo_mantissas(wide, bits); }\n"
        (folder / "told.c").write_text(read("element.h") + told)
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", str(folder / "told.so"), str(folder / "told.c"), "-lm"], check=True)
        library, rng = ctypes.CDLL(str(folder / "told.so")), random.Random(1)
        library.told.argtypes, library.told.restype = [ctypes.c_uint64, ctypes.c_int], ctypes.c_uint64
        for bits in (1, 3, 7, 10, 23, 52):
            most = 2**bits - 1
            edges = [k * most + off for k in (0, 1, 2, 2**64 // most - 1) for off in (-1, 0, 1) if 0 <= k * most + off < 2**64]
            for wide in [*edges, 2**64 - 1, *(rng.getrandbits(64) for _ in range(2000))]:
                self.assertEqual(library.told(wide, bits), wide % most, (wide, bits))

    def test_zeros_have_both_signs(self) -> None:
        for dtype in FLOATS:
            self.assertEqual(set(self.numbers(dtype, {"kind": "zeros"})), {0.0})
            data, size = self.draw(dtype, {"kind": "zeros"}), DTYPE_BYTES[dtype]
            negative = sum(byte >> 7 for byte in data[size - 1 :: size]) / COUNT
            self.assertAlmostEqual(negative, 0.5, delta=0.02, msg=dtype)

    def test_subnormal_numbers_are_below_the_smallest_with_a_leading_one_and_never_zero(self) -> None:
        smallest = {"f64": 2.0**-1022, "f32": 2.0**-126, "f16": 2.0**-14, "bf16": 2.0**-126, "f8e4m3": 2.0**-6, "f4e2m1x2": 1.0}
        for dtype in FLOATS:
            values = self.numbers(dtype, {"kind": "subnormal"})
            self.assertTrue(all(0 < abs(v) < smallest[dtype] for v in values), dtype)
            self.assertTrue(min(values) < 0 < max(values), dtype)

    def test_exponents_are_equally_likely_and_of_both_signs(self) -> None:
        values = self.numbers("f32", {"kind": "exponents", "low": -2, "high": 1})
        for exponent in range(-2, 2):
            share = sum(2.0**exponent <= abs(v) < 2.0 ** (exponent + 1) for v in values) / len(values)
            self.assertAlmostEqual(share, 0.25, delta=0.02)
        self.assertAlmostEqual(sum(v < 0 for v in values) / len(values), 0.5, delta=0.02)

    def test_every_part_has_its_share_anywhere_in_the_tensor(self) -> None:
        parts = [{"kind": "uniform", "low": 10, "high": 11, "share": 0.7}, {"kind": "uniform", "low": 20, "high": 21, "share": 0.25},
                 {"kind": "zeros", "share": 0.05}]
        values = self.numbers("f32", {"kind": "mixture", "of": parts})
        for half in (values[: COUNT // 2], values[COUNT // 2 :]):
            found = [sum(low <= v < low + 1 for v in half) / len(half) for low in (10, 20, 0)]
            for share, wanted in zip(found, (0.7, 0.25, 0.05)):
                self.assertAlmostEqual(share, wanted, delta=0.02)

    def test_normal_numbers_of_a_mixture_are_normal(self) -> None:
        same = {"kind": "normal", "mean": 1, "std": 2, "share": 0.5}
        values = [(v - 1) / 2 for v in self.numbers("f32", {"kind": "mixture", "of": [same, same]})]
        moments = [sum(v**power for v in values) / len(values) for power in (1, 2, 3, 4)]
        for moment, (wanted, delta) in zip(moments, ((0, 0.03), (1, 0.03), (0, 0.1), (3, 0.25))):
            self.assertAlmostEqual(moment, wanted, delta=delta)
        self.assertGreater(max(map(abs, values)), 3.5)

    def test_no_compiler_changes_a_bit(self) -> None:
        for dtype in DTYPE_BYTES:
            parts = [part for part in EVERYTHING["of"] if dtype in FLOATS or part["kind"] != "subnormal"]
            mixture = {"kind": "mixture", "of": parts}
            self.assertEqual(self.draw(dtype, mixture), self.draw(dtype, mixture, self.other), dtype)

    def test_odd_lengths_are_drawn_to_the_last_element_and_no_further(self) -> None:
        for count in (1, 2, 3, 5, 513):
            for dtype in ("f32", "f16", "u8", "f4e2m1x2"):
                self.draw(dtype, {"kind": "exponents", "low": 0, "high": 2}, count=count)

    def test_a_kernel_launch_packs_a_mixture_whole_between_its_other_arguments(self) -> None:
        mixture = mixture_of({"distribution": EVERYTHING})
        buffer, places = _pack([ctypes.c_int(7), mixture, ctypes.c_uint64(9)])
        self.assertEqual(places, [0, 8, 8 + ctypes.sizeof(mixture)])
        self.assertEqual(buffer.raw[: places[2] + 8], struct.pack("=Q", 7) + bytes(mixture) + struct.pack("=Q", 9))
        self.assertEqual(set(buffer.raw[places[2] + 8 :]), {0})


if __name__ == "__main__":
    unittest.main()
