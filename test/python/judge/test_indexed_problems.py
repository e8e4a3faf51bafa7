"""The whole judge process on the cpu device: problems whose inputs or outputs are indices, and candidates that know too much of them."""
import ctypes
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from indexed_problems import PROBLEMS, candidates
from rig import Rig, is_right

from kiln_runner.judge.cpu.library import Comparison, compile_library, load_library
from kiln_runner.judge.lookups import lookup_in, seen_bytes
from kiln_runner.judge.tensors import DTYPE_CODE

SHORT = {"runsMin": 8, "runsMax": 8, "warmupRuns": 2}


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class IndexedProblems(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.rig = Rig("cpu", Path(cls.folder.name))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.rig.close()
        cls.folder.cleanup()

    def test_the_reference_itself_passes(self) -> None:
        for name, make in PROBLEMS.items():
            problem = make()
            result = self.rig.judge(problem, problem.reference, timing=SHORT)
            self.assertEqual((result["outcome"] or {}).get("verdict"), "passed", (name, result))

    def test_every_candidate_of_the_corpus_has_the_verdict_it_expects(self) -> None:
        for name, make in PROBLEMS.items():
            sources = candidates(name)
            self.assertTrue(sources, name)
            for file, source in sources.items():
                with self.subTest(file):
                    result = self.rig.judge(make(), source, timing=SHORT)
                    self.assertTrue(is_right(source, str((result["outcome"] or {}).get("verdict"))), result)

    def test_a_wrong_index_is_told_with_what_is_wrong_about_it(self) -> None:
        told = {
            "attack-order-out-of-range.c": "it is out of range",
            "attack-order-repeats-an-index.c": "it leads to another value, or comes twice",
        }
        for file, error in told.items():
            problem = PROBLEMS["order"]()
            problem.cases = {name: case for name, case in problem.cases.items() if name != "one"}
            mismatch = self.rig.judge(problem, candidates("order")[file], timing=SHORT)["outcome"]["mismatch"]
            limit = "x must hold what it holds at the expected index; from 0 to 1002, each once in a row"
            self.assertEqual((mismatch["rule"], mismatch["error"], mismatch["limit"]), ("index", error, limit), mismatch)
            self.assertGreater(mismatch["mismatches"], 0)


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Lookups(unittest.TestCase):
    """Two rows of three elements."""

    OF = (ctypes.c_float * 6)(1, 2, 2, -0.0, 0.0, 5)

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.lib = load_library(compile_library(Path(cls.folder.name)))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def wrong(self, out: list[int], ref: list[int], each: int, distinct: bool = True) -> list[int]:
        """[how many are wrong, the first of them]; neither where nothing is."""
        tensor = {"name": "y", "compare": {"kind": "indices", "of": "x", "length": 3, "each": each, "distinct": distinct}}
        of, found = {"name": "x", "dtype": "f32", "elements": 6}, Comparison()
        seen = ctypes.create_string_buffer(seen_bytes(tensor, of) + 1)
        lookup = lookup_in(of, tensor, ctypes.addressof(self.OF), ctypes.addressof(seen) if distinct else 0)
        arrays = [(ctypes.c_int64 * len(values))(*values) for values in (out, ref)]
        self.lib.kiln_compare_indices(*arrays, len(out), DTYPE_CODE["i64"], ctypes.byref(lookup), ctypes.byref(found))
        self.assertEqual(found.reference2, len(out))
        return [found.mismatches, ~found.first & (2**64 - 1)] if found.mismatches else []

    def test_an_index_may_be_another_where_it_leads_to_the_same(self) -> None:
        self.assertEqual(self.wrong([0, 1, 1, 0], [0, 2, 0, 1], 2), [])
        self.assertEqual(self.wrong([0, 1, 2, 0, 1, 2], [0, 2, 1, 1, 0, 2], 3), [])
        self.assertEqual(self.wrong([1, 2], [2, 2], 1), [])

    def test_rows_are_looked_up_each_in_its_own(self) -> None:
        self.assertEqual(self.wrong([0, 0], [0, 2], 1), [1, 1])
        self.assertEqual(self.wrong([0, 1, 1, 2], [0, 2, 0, 0], 2), [1, 3])

    def test_an_index_that_comes_twice_in_a_row_is_wrong_unless_it_may(self) -> None:
        self.assertEqual(self.wrong([1, 1, 2, 0], [1, 2, 2, 0], 2), [1, 1])
        self.assertEqual(self.wrong([1, 1, 2, 0], [1, 2, 2, 0], 2, distinct=False), [])

    def test_nothing_out_of_range_is_read(self) -> None:
        for far in (-1, 3, 2**31, -(2**63), 2**63 - 1, 2**62):
            self.assertEqual(self.wrong([0, far], [0, 0], 1), [1, 1])
            self.assertEqual(self.wrong([0, 0], [0, far], 1), [1, 1])


if __name__ == "__main__":
    unittest.main()
