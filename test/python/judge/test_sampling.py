"""The helper kernels that take samples, poison what the next ones look at, and compare them; with real gcc."""
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
from kiln_runner.judge.cpu import library
from kiln_runner.judge.lookups import NO_LOOKUP
from kiln_runner.judge.native_source import read
from kiln_runner.judge.sampling import (
    CELLS_PER_RUN,
    LEAVE,
    POISON_ALL,
    POISON_CELLS,
    Row,
    Sample,
    pack_row,
    pack_samples,
    place_in,
    rows_of,
)

FAR_SLOT = 7
# The GPU alone poisons cells: the same function of sample.h, for the cells of one row.
POISON = "\nvoid poison_row(const Row* r, u64 key) { for (u64 i = 0; i < r->count; i++) poison_cell((void*)r->pointer, 0, i, key, r); }\n"


def tensor(name: str, elements: int, role: str = "out", dtype: str = "f32") -> dict:
    return {"name": name, "role": role, "dtype": dtype, "elements": elements}


class Rows(unittest.TestCase):
    def test_every_output_of_every_replica_is_sampled_and_small_ones_as_a_whole(self) -> None:
        rows = rows_of([tensor("a", 100, "in"), tensor("big", 1 << 20), tensor("small", 40), tensor("x", 1 << 10, "inout")], 4, {}, 1 << 30)
        self.assertEqual([(row.replica, row.name) for row in rows], [(r, name) for r in range(4) for name in ("big", "small", "x")])
        self.assertEqual({row.samples for row in rows if row.name == "small"}, {10})
        self.assertEqual([row.first for row in rows], [sum(row.samples for row in rows[:n]) for n in range(len(rows))])
        self.assertLessEqual(sum(row.samples for row in rows), CELLS_PER_RUN)
        self.assertGreater(sum(row.samples for row in rows), CELLS_PER_RUN // 2)

    def test_no_scratch_keeps_outputs_from_being_poisoned(self) -> None:
        tensors = [tensor("out", 1 << 20), tensor("x", 64, "inout")]
        for scratch, poisoned in ((1 << 10, True), (1 << 30, False)):
            rows = rows_of(tensors, 1, {"candidate.tmp": scratch}, 8 << 20)
            self.assertEqual([row.how for row in rows[:2]], [POISON_ALL, LEAVE])
            self.assertEqual([(row.name, row.samples, row.how) for row in rows[2:]], [("candidate.tmp", 0, POISON_ALL)] if poisoned else [])

    def test_outputs_too_large_to_be_poisoned_are_poisoned_where_samples_look(self) -> None:
        self.assertEqual({row.how for row in rows_of([tensor("out", 4 << 20)], 1, {}, 8 << 20)}, {POISON_CELLS})


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Native(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        source = read("element.h", "sample.h", "cpu_kernels.c", "cpu_sampling.c") + POISON
        cls.lib = library.load_library(library._compiled(Path(cls.folder.name), "sampling.so", source, library.LIBRARY_FLAGS, ["-lm"]))
        cls.lib.poison_row.argtypes = [ctypes.c_void_p, ctypes.c_uint64]

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def row(self, data: ctypes.Array, elements: int, dtype: str = "f32") -> Row:
        (row,) = rows_of([tensor("out", elements, dtype=dtype)], 1, {}, 0)
        self.table = ctypes.create_string_buffer(pack_row(row, ctypes.addressof(data)))
        return row

    def samples(self, row: Row, key: int) -> bytes:
        taken = ctypes.create_string_buffer(16 * row.samples)
        self.lib.kiln_sample(self.table, 1, taken, key)
        return taken.raw[: 16 * row.samples]

    def far(self, out: list[float], ref: list[float], tolerance: tuple = (0.0, 0.0, 1e30), norm2: float = 0.0) -> tuple:
        """(elements outside, first mark, mark of a norm outside) of one run's sample."""
        data, expected = ((ctypes.c_float * len(values))(*values) for values in (out, ref))
        row = self.row(data, len(out))
        store = ctypes.create_string_buffer(16 * row.samples * (FAR_SLOT + 1))
        self.lib.kiln_sample(self.table, 1, ctypes.addressof(store) + 16 * row.samples * FAR_SLOT, 99)
        runs, found = ctypes.create_string_buffer(pack_samples([Sample(FAR_SLOT, 99)])), (ctypes.c_uint64 * 3)()
        limits, numbers = (ctypes.c_double * 3)(*tolerance), ctypes.byref(NO_LOOKUP)
        self.lib.kiln_compare_samples(runs, 1, store, row.samples, expected, self.table, 0, 3, limits, norm2, numbers, found)
        return tuple(found)

    def test_each_sample_is_the_cell_of_its_own_stretch_and_its_place_depends_on_the_key(self) -> None:
        elements = 4 * 100_003 + 2
        data = (ctypes.c_float * elements)(*[float(n // 4) for n in range(elements)])
        row = self.row(data, elements)
        places = []
        for key in (1, 2):
            cells = [cell[0] for cell in struct.iter_unpack("=4f", self.samples(row, key))]
            self.assertEqual([int(cell) // row.width for cell in cells], list(range(row.samples)))
            self.assertEqual([place_in(row, 4, 4 * int(cell)) for cell in cells], list(range(row.samples)))
            places.append(cells)
        self.assertLess(sum(one == other for one, other in zip(*places)), row.samples // 10)

    def test_places_are_spread_alike_over_a_stretch(self) -> None:
        elements = 4 * 2048 * 8
        data = (ctypes.c_float * elements)(*[float(n // 4) for n in range(elements)])
        row, within = self.row(data, elements), [0] * 8
        for key in range(1, 9):
            for cell in struct.iter_unpack("=4f", self.samples(row, key)):
                within[int(cell[0]) % 8] += 1
        self.assertTrue(all(0.85 < count / row.samples < 1.15 for count in within), within)

    def test_nothing_beyond_the_end_is_read_or_written(self) -> None:
        for elements in (1, 3, 5, 1023):
            memory = (ctypes.c_float * (elements + 8))(*[2.0] * (elements + 8))
            row = self.row(memory, elements)
            self.assertEqual(struct.unpack("=4f", self.samples(row, 5)[-16:])[(elements - 1) % 4 + 1 :], (0.0,) * (3 - (elements - 1) % 4))
            self.lib.poison_row(self.table, 5)
            self.assertEqual(list(memory)[elements:], [2.0] * 8)

    def test_what_is_poisoned_is_wrong_and_looks_like_the_rest(self) -> None:
        """One cell of every stretch, whatever stood there; values of the same output where these differ."""
        rng = random.Random(1)
        for values in ([rng.gauss(0, 1) for _ in range(1 << 18)], [0.0] * (1 << 18), [1.0] * (1 << 18)):
            data = (ctypes.c_float * len(values))(*values)
            row, known = self.row(data, len(values)), set(data)
            before = list(data)
            self.lib.poison_row(self.table, 77)
            changed = [n for n in range(len(values) // 4) if before[4 * n : 4 * n + 4] != data[4 * n : 4 * n + 4]]
            self.assertEqual([n // row.width for n in changed], list(range(row.samples)))
            if len(known) > 2:
                self.assertTrue(all(value in known and abs(value) < 10 for n in changed for value in data[4 * n : 4 * n + 4]), "alike")

    def test_what_was_poisoned_does_not_tell_where_the_next_sample_looks(self) -> None:
        """Or a kernel that repairs just that would pass, on new inputs too."""
        rng = random.Random(2)
        data = (ctypes.c_float * (1 << 18))(*[rng.gauss(0, 1) for _ in range(1 << 18)])
        row, key = self.row(data, 1 << 18), 78
        before = self.samples(row, key)
        self.lib.poison_row(self.table, key)
        after = self.samples(row, key)
        untouched = sum(before[n : n + 16] == after[n : n + 16] for n in range(0, len(before), 16))
        self.assertTrue(0.4 < untouched / row.samples < 0.55, untouched / row.samples)

    def test_an_element_outside_its_tolerance_is_found_where_it_is(self) -> None:
        ref = [1.0 + n for n in range(64)]
        out = [*ref[:41], 43.0, *ref[42:]]
        mismatches, first, _far = self.far(out, ref)
        mark = ~first & (2**64 - 1)
        self.assertEqual((mismatches, mark >> 48, mark >> 40 & 0xFF, mark & (2**40 - 1)), (1, FAR_SLOT, 3, 41))
        self.assertEqual(self.far(ref, ref), (0, 0, 0))
        self.assertEqual(self.far(out, ref, (0.1, 0.0, 1e30))[0], 0)

    def test_a_norm_is_outside_where_no_luck_makes_it_so(self) -> None:
        rng, count, limit = random.Random(2), 1 << 18, 1e-3
        ref = [rng.gauss(0, 1) for _ in range(count)]
        norm2 = sum(value * value for value in ref)

        def off(share: float, part: float) -> list[float]:
            """Errors in so large a part of the elements, that make the whole's norm `share` of what is allowed."""
            size = share * limit * math.sqrt(norm2 / (part * count))
            return [value + (rng.choice((-size, size)) if rng.random() < part else 0) for value in ref]

        far = lambda out: self.far(out, ref, (1e9, 0.0, limit), norm2)[2] != 0  # noqa: E731
        for part in (1.0, 0.1, 1e-2, 1e-3, 1e-4):
            self.assertFalse(any(far(off(1.0, part)) for _ in range(3)), part)
        for part in (1.0, 0.1, 1e-2):
            self.assertTrue(far(off(4.0, part)), part)
        alone = list(ref)
        alone[5] += limit * math.sqrt(norm2) * 0.99
        self.assertFalse(any(far(alone) for _ in range(3)))


if __name__ == "__main__":
    unittest.main()
