"""Whole numbers with a structure along a tensor's last axis: what each kind promises, how it is spread, and the same bits from every compiler."""
import ctypes
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner"))
from kiln_runner.judge.cpu.library import compile_library, load_library
from kiln_runner.judge.gpu.launching import _pack
from kiln_runner.judge.native_source import read
from kiln_runner.judge.numbers import element_text
from kiln_runner.judge.tensors import DTYPE_BYTES, DTYPE_CODE, Structure, mixture_of, structure_of

INTEGERS = ("i64", "i32", "u32", "i8", "u8")
OTHER_FLAGS = ["-O0", "-std=gnu11", "-ffp-contract=off", "-shared", "-fPIC"]
# As a thread of the GPU does it: every element by itself.
ONE_BY_ONE = """
void one_by_one(void* data, u64 elements, int dtype, const Structure* s, u64 key0, u64 key1) {
  for (u64 i = elements; i-- > 0;) write_element(data, i, dtype, encode_integer(structured(s, i, key0, key1), dtype));
}
"""


def permutation(length: int) -> dict:
    return {"kind": "permutation", "length": length}


def offsets(length: int, total: int) -> dict:
    return {"kind": "offsets", "length": length, "total": total}


def shuffled(length: int, total: int, seed: int = 3) -> dict:
    return {**offsets(length, total), "lengths_seed": seed}


def lengths_of(values: "list[int]") -> "list[int]":
    return [b - a for a, b in zip(values, values[1:])]


def rising(length: int, low: int, high: int) -> dict:
    return {"kind": "sorted_integers", "length": length, "low": low, "high": high}


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Structures(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        folder = Path(cls.folder.name)
        cls.lib = load_library(compile_library(folder))
        (folder / "other.c").write_text(read("element.h", "sample.h", "cpu_kernels.c", "cpu_sampling.c") + ONE_BY_ONE)
        subprocess.run(["gcc", *OTHER_FLAGS, "-o", str(folder / "other.so"), str(folder / "other.c"), "-lm"], check=True)
        cls.other = load_library(folder / "other.so")
        cls.other.one_by_one.argtypes, cls.other.one_by_one.restype = cls.lib.kiln_draw_structure.argtypes, None

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def draw(self, distribution: dict, count: int, dtype: str = "i32", keys: tuple[int, int] = (5, 6), function: object = None) -> list[int]:
        size = DTYPE_BYTES[dtype]
        data = ctypes.create_string_buffer(count * size + 1)
        structure = structure_of({"distribution": distribution})
        (function or self.lib.kiln_draw_structure)(data, count, DTYPE_CODE[dtype], ctypes.byref(structure), *keys)
        self.assertEqual(data.raw[-1], 0, "one element too many was drawn")
        return [int(element_text(data.raw[at : at + size], dtype)) for at in range(0, count * size, size)]

    def test_other_kinds_have_no_structure_and_these_are_no_mixture(self) -> None:
        self.assertIsNone(structure_of({"distribution": {"kind": "integers", "low": 0, "high": 3}}))
        self.assertIsNone(mixture_of({"distribution": permutation(3)}))

    def test_each_row_of_a_permutation_holds_every_index_once_and_rows_differ(self) -> None:
        for length in (1, 2, 3, 5, 16, 17, 255, 1000):
            values = self.draw(permutation(length), 4 * length)
            rows = [values[at : at + length] for at in range(0, 4 * length, length)]
            for row in rows:
                self.assertEqual(sorted(row), list(range(length)))
            if length > 16:
                self.assertEqual(len({tuple(row) for row in rows}), 4)

    def test_every_permutation_of_a_few_is_as_likely_as_any_other(self) -> None:
        for length, permutations in ((2, 2), (3, 6), (4, 24), (5, 120)):
            rows = 200 * permutations
            values = self.draw(permutation(length), rows * length, "u8")
            counts = Counter(tuple(values[at : at + length]) for at in range(0, rows * length, length))
            self.assertEqual(len(counts), permutations)
            surprise = sum((count - 200) ** 2 / 200 for count in counts.values())
            # Five standard deviations of what chance does.
            self.assertLess(surprise, permutations + 5 * (2 * permutations) ** 0.5)

    def test_a_long_permutation_has_as_many_fixed_points_and_falls_as_chance(self) -> None:
        length, fixed, falls = 1000, 0, 0
        values = self.draw(permutation(length), 50 * length)
        for at in range(0, 50 * length, length):
            row = values[at : at + length]
            fixed += sum(n == value for n, value in enumerate(row))
            falls += sum(a > b for a, b in zip(row, row[1:]))
        self.assertTrue(20 < fixed < 90, fixed)
        self.assertAlmostEqual(falls / (50 * 999), 0.5, delta=0.01)

    def test_offsets_rise_from_0_to_the_total_and_leave_segments_empty(self) -> None:
        empty, all_lengths = 0, 0
        for segments, total in ((1, 7), (2, 9), (3, 0), (8, 100), (100, 100), (1000, 2**31 - 1)):
            for key in range(30):
                values = self.draw(offsets(segments + 1, total), segments + 1, keys=(key, 1))
                self.assertEqual((values[0], values[-1]), (0, total))
                lengths = [b - a for a, b in zip(values, values[1:])]
                self.assertGreaterEqual(min(lengths), 0)
                if (segments, total) == (1000, 2**31 - 1):
                    empty, all_lengths = empty + lengths.count(0), all_lengths + segments
        self.assertTrue(0.03 < empty / all_lengths < 0.3, empty / all_lengths)

    def test_rows_of_offsets_are_drawn_each_by_itself(self) -> None:
        values = self.draw(offsets(9, 500), 45)
        rows = [tuple(values[at : at + 9]) for at in range(0, 45, 9)]
        self.assertEqual(len(set(rows)), 5)
        self.assertEqual({(row[0], row[-1]) for row in rows}, {(0, 500)})

    def test_offsets_whose_lengths_have_a_seed_have_the_same_lengths_in_every_draw_and_another_order(self) -> None:
        for segments, total in ((2, 9), (5, 37), (32, 4096), (129, 1000)):
            draws = [self.draw(shuffled(segments + 1, total), segments + 1, keys=(key, 1)) for key in range(60)]
            self.assertEqual({(values[0], values[-1]) for values in draws}, {(0, total)})
            self.assertEqual(len({tuple(sorted(lengths_of(values))) for values in draws}), 1)
            self.assertGreaterEqual(min(lengths_of(draws[0])), 0)
            orders = len({tuple(values) for values in draws})
            self.assertTrue(orders > 55 if segments > 5 else orders > 1, (segments, orders))

    def test_every_length_comes_at_every_place_as_often(self) -> None:
        counts = Counter()
        for key in range(800):
            counts.update(enumerate(lengths_of(self.draw(shuffled(9, 4096), 9, keys=(key, 7)))))
        self.assertEqual(len(counts), 64)
        self.assertTrue(all(60 < count < 145 for count in counts.values()), counts)

    def test_another_seed_has_other_lengths_which_are_spread_as_all_offsets_are(self) -> None:
        drawn = {tuple(sorted(lengths_of(self.draw(shuffled(101, 100, seed), 101)))) for seed in range(40)}
        self.assertEqual(len(drawn), 40)
        empty = sum(lengths.count(0) for lengths in drawn) / 4000
        free = sum(lengths_of(self.draw(offsets(101, 100), 101, keys=(key, 3))).count(0) for key in range(40)) / 4000
        self.assertAlmostEqual(empty, free, delta=0.05)

    def test_rows_of_such_offsets_have_lengths_and_an_order_of_their_own(self) -> None:
        draws = [self.draw(shuffled(9, 500), 45, keys=(key, 1)) for key in range(2)]
        rows = [[tuple(sorted(lengths_of(values[at : at + 9]))) for at in range(0, 45, 9)] for values in draws]
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(len(set(rows[0])), 5)
        self.assertNotEqual(draws[0], draws[1])

    def test_sorted_integers_never_fall_stay_within_their_bounds_and_repeat(self) -> None:
        repeats, reach = 0, set()
        for key in range(200):
            values = self.draw(rising(10, -3, 40), 20, keys=(key, 2))
            for row in (values[:10], values[10:]):
                self.assertEqual(row, sorted(row))
                self.assertTrue(-3 <= row[0] and row[-1] <= 40)
                repeats += any(a == b for a, b in zip(row, row[1:]))
                reach |= set(row)
        self.assertGreater(repeats, 100)
        self.assertEqual(reach, set(range(-3, 41)))
        self.assertEqual(self.draw(rising(1, 4, 4), 1), [4])

    def test_a_mask_has_its_share_of_ones_and_nothing_else(self) -> None:
        for share in (0.03, 0.3, 0.9):
            for dtype in INTEGERS:
                values = self.draw({"kind": "bernoulli", "share": share}, 40_001, dtype)
                self.assertEqual(set(values), {0, 1})
                self.assertAlmostEqual(sum(values) / 40_001, share, delta=0.02)

    def test_wide_numbers_are_exact(self) -> None:
        values = self.draw(offsets(2001, 2**52 + 1), 2001, "i64")
        self.assertEqual((values[-1], values), (2**52 + 1, sorted(values)))
        self.assertTrue(any(value % 2 for value in values[:-1]))
        low = -(2**53) + 1
        values = self.draw(shuffled(2001, 2**52 + 1, 2**32 - 1), 2001, "i64")
        self.assertEqual((values[-1], values), (2**52 + 1, sorted(values)))
        values = self.draw(rising(2000, low, 2**53 - 1), 2000, "i64")
        self.assertTrue(low <= values[0] < 0 < values[-1] < 2**53)

    def test_no_compiler_and_no_order_of_elements_changes_a_bit(self) -> None:
        for dtype in INTEGERS:
            for distribution in (permutation(113), offsets(113, 100), shuffled(113, 100), rising(113, -0, 97), {"kind": "bernoulli", "share": 0.4}):
                wanted = self.draw(distribution, 5 * 113, dtype, (77, 2**63 + 9))
                self.assertEqual(wanted, self.draw(distribution, 5 * 113, dtype, (77, 2**63 + 9), self.other.kiln_draw_structure))
                self.assertEqual(wanted, self.draw(distribution, 5 * 113, dtype, (77, 2**63 + 9), self.other.one_by_one))
                for keys in ((78, 2**63 + 9), (77, 2**63 + 10)):
                    self.assertNotEqual(wanted, self.draw(distribution, 5 * 113, dtype, keys))

    def test_a_kernel_launch_packs_a_structure_whole(self) -> None:
        structure = structure_of({"distribution": offsets(5, 8)})
        buffer, places = _pack([ctypes.c_int(7), structure, ctypes.c_uint64(9)])
        self.assertEqual(places[2] - places[1], ctypes.sizeof(Structure))
        self.assertEqual(buffer.raw[places[1] : places[2]], bytes(structure))


if __name__ == "__main__":
    unittest.main()
