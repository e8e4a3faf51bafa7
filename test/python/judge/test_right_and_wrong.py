"""What counts as right: rules of the tolerance on small norms, integers beyond 2^53, and which rule a wrong answer names."""
import ctypes
import math
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import HandmadeProblem, Rig

from kiln_runner.judge.cpu.library import Comparison as Found
from kiln_runner.judge.cpu.library import compile_library, load_library
from kiln_runner.judge.outcomes import Comparison
from kiln_runner.judge.tensors import DTYPE_CODE

HEADER = """/* kiln
launch:
  - kernel: k
    args: [x, y, n]
*/
"""
BOTH = HEADER.replace("y, n", "y, z, n") + """void k(const float* x, float* y, float* z, int n) {
  for (int i = 0; i < n; i++) y[i] = x[i], z[i] = 3 * x[i];
}
"""
SUM = HEADER + "void k(const float* x, float* y, int n) { double s = 0; for (int i = 0; i < n; i++) s += x[i]; y[0] = (float)s; }\n"
SUM_IN_EIGHT_PARTS = HEADER + """void k(const float* x, float* y, int n) {
  float s[8] = {0}, t = 0;
  for (int i = 0; i < n; i++) s[i % 8] += x[i];
  for (int j = 0; j < 8; j++) t += s[j];
  y[0] = t;
}
"""
COPY = HEADER + "void k(const long* x, long* y, int n) { for (int i = 0; i < n; i++) y[i] = x[i]; }\n"
COPY_AS_DOUBLE = COPY.replace("y[i] = x[i]", "y[i] = (long)(double)x[i]")
ARRAYS = {"f32": ctypes.c_float, "f64": ctypes.c_double, "i64": ctypes.c_int64, "u32": ctypes.c_uint32}
SHORT = {"runsMin": 8, "runsMax": 8, "warmupRuns": 2}
TRIALS = 16


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Tolerance(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.lib = load_library(compile_library(Path(cls.folder.name)))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def compare(self, dtype: str, out: list[float], ref: list[float], **tolerance: float) -> Comparison:
        terms, found = {"rtol": 0, "atol": 0, "relative_l2": 1e-12, **tolerance}, Found()
        arrays = [(ARRAYS[dtype] * len(values))(*values) for values in (out, ref)]
        self.lib.kiln_compare(*arrays, len(out), DTYPE_CODE[dtype], terms["rtol"], terms["atol"], ctypes.byref(found))
        return Comparison({"name": "y", "dtype": dtype, "elements": len(out)}, 0, found.words())

    def passes(self, dtype: str, out: list[float], ref: list[float], **tolerance: float) -> bool:
        return self.compare(dtype, out, ref, **tolerance).passes({"rtol": 0, "atol": 0, "relative_l2": 1e-12, **tolerance})

    def test_a_whole_whose_norm_is_small_has_the_absolute_part_of_every_element(self) -> None:
        """Of n elements that are all off by `atol`, and none by more."""
        self.assertTrue(self.passes("f32", [0.125] * 9, [0.0] * 9, atol=0.125))
        self.assertTrue(self.passes("f32", [1e-12] * 1003, [0.0] * 1003, atol=1e-6))
        self.assertFalse(self.passes("f32", [0.126] + [0.0] * 8, [0.0] * 9, atol=0.125))

    def test_the_norm_still_tells_what_no_element_tells(self) -> None:
        off = [1.0 + 2**-7] * 4
        self.assertFalse(self.passes("f64", off, [1.0] * 4, rtol=2**-7, relative_l2=2**-8))
        self.assertTrue(self.passes("f64", off, [1.0] * 4, rtol=2**-7, relative_l2=2**-7))

    def test_integers_are_equal_only_to_themselves_also_where_a_double_holds_neither(self) -> None:
        for dtype, out, ref in (("i64", 2**53, 2**53 + 1), ("i64", -(2**63), 2**63 - 1), ("i64", 2**62, 2**62 + 1), ("u32", 2**32 - 2, 2**32 - 1)):
            self.assertFalse(self.passes(dtype, [out], [ref]), (dtype, out, ref))
            self.assertTrue(self.passes(dtype, [ref], [ref]), (dtype, ref))
        self.assertTrue(self.passes("i64", [2**60 + 1], [2**60], atol=1))
        self.assertFalse(self.passes("i64", [2**60 + 2], [2**60], atol=1))

    def test_signed_zeros_are_equal_and_so_are_any_two_nans(self) -> None:
        other_nan = ctypes.c_float.from_buffer_copy(b"\x01\x02\xc0\xff").value
        self.assertTrue(self.passes("f32", [-0.0, math.nan, math.inf], [0.0, other_nan, math.inf]))

    def test_the_rule_that_was_missed_is_named_with_its_numbers(self) -> None:
        tolerance = {"rtol": 2**-7, "atol": 0, "relative_l2": 2**-8}
        norm = self.compare("f64", [1 + 2**-7] * 4, [1.0] * 4, **tolerance).mismatch("1.0", "1.0078125", tolerance)
        self.assertEqual((norm["rule"], norm["error"], norm["limit"]), ("norm", "0.015625", "0.0078125"))
        element = self.compare("i64", [2**53], [2**53 + 1]).mismatch(str(2**53 + 1), str(2**53), {"rtol": 0, "atol": 0, "relative_l2": 1})
        self.assertEqual((element["rule"], element["error"], element["limit"]), ("element", "1", "0"))


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class RightAndWrong(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.rig = Rig("cpu", Path(cls.folder.name))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.rig.close()
        cls.folder.cleanup()

    def test_each_output_has_its_own_tolerance_where_it_says_so_also_in_what_is_timed(self) -> None:
        normal = {"dtype": "f32", "distribution": {"kind": "normal", "mean": 0, "std": 1}}
        loose, exact = {"rtol": 1e-3, "atol": 0, "relative_l2": 1e-3}, {"rtol": 0, "atol": 0, "relative_l2": 1e-12}
        tensors = [{"name": "x", "role": "in", **normal}, {"name": "y", "role": "out", **normal}, {"name": "z", "role": "out", **normal}]
        rough = [BOTH.replace(f"{name}[i] = ", f"{name}[i] = 1.0005f * ") for name in ("y", "z")]
        timed = [source.replace("for (int", "static int runs; const float f = ++runs > 3 ? 1.0005f : 1;\n  for (int").replace("1.0005f *", "f *")
                 for source in rough]
        for problem_wide, own, wanted in ((exact, loose, ("wrong_answer", "passed")), (loose, exact, ("passed", "wrong_answer"))):
            cases = {"1K": ("check", 1003), "64K": ("bench", 1 << 16)}
            problem = HandmadeProblem("both", [*tensors[:2], {**tensors[2], "tolerance": own}], BOTH, BOTH, cases)
            problem.tolerance = problem_wide
            for sources in (rough, timed):
                outcomes = [self.rig.judge(problem, source, timing=SHORT)["outcome"] for source in sources]
                self.assertEqual(tuple(outcome["verdict"] for outcome in outcomes), wanted)
                wrong = outcomes[wanted.index("wrong_answer")]
                self.assertEqual((wrong["mismatch"]["tensor"], wrong["mismatch"]["limit"]), ("y" if own is loose else "z", "0"))

    def test_an_honest_sum_is_right_however_near_to_zero_it_ends(self) -> None:
        normal = {"dtype": "f32", "distribution": {"kind": "normal", "mean": 0, "std": 1}}
        tensors = [{"name": "x", "role": "in", **normal}, {"name": "y", "role": "out", "elements": 1, **normal}]
        cases = {"odd": ("check", 1003), "one": ("check", 1), "256K": ("bench", 1 << 18)}
        problem = HandmadeProblem("sum", tensors, SUM, SUM, cases)
        problem.tolerance = {"rtol": 1e-4, "atol": 1e-1, "relative_l2": 1e-5}
        for _ in range(TRIALS):
            result = self.rig.judge(problem, SUM_IN_EIGHT_PARTS, timing=SHORT)
            self.assertEqual(result["outcome"] and result["outcome"]["verdict"], "passed", result)

    def refusal(self, body: str, distribution: dict, candidate: str, **tolerance: float) -> str:
        """Why the judge will not judge by y[i] = body(x[i])."""
        code = f"{HEADER}#include <math.h>\nvoid k(const float* x, float* y, int n) {{ for (int i = 0; i < n; i++) y[i] = "
        tensors = [{"name": name, "role": role, "dtype": "f32", "distribution": distribution} for name, role in (("x", "in"), ("y", "out"))]
        problem = HandmadeProblem("blind", tensors, f"{code}{body}; }}\n", f"{code}{body}; }}\n", {"odd": ("check", 103), "1K": ("bench", 1 << 10)})
        problem.tolerance = {"rtol": 1e-4, "atol": 1e-6, "relative_l2": 1e-5, **tolerance}
        result = self.rig.judge(problem, f"{code}{candidate}; }}\n", timing=SHORT)
        if result["outcome"]:
            return result["outcome"]["verdict"]
        self.assertEqual(result["infra"]["code"], "problem_refused", result)
        self.assertIn("the problem blind cannot tell right from wrong: case ", result["infra"]["message"])
        return result["infra"]["message"]

    def test_a_problem_that_cannot_tell_right_from_wrong_judges_nobody(self) -> None:
        normal, negative = {"kind": "normal", "mean": 0, "std": 1}, {"kind": "uniform", "low": -2, "high": -1}
        self.assertIn("holds NaN", self.refusal("expf(x[i] * 0 + 200) / expf(x[i] * 0 + 200)", normal, "NAN"))
        self.assertIn("is infinite", self.refusal("expf(x[i] * 0 + 200)", normal, "INFINITY"))
        self.assertIn("zeros pass as y", self.refusal("x[i] > 0 ? x[i] : 0", negative, "-0.0f"))
        self.assertIn("zeros pass as y", self.refusal("x[i]", negative, "1.0f", atol=3))
        self.assertIn("does not depend on the inputs", self.refusal("(float)i + 1", normal, "(float)i + 1"))
        refusal = self.refusal("x[i] + 100", normal, "100.0f", rtol=0.1, relative_l2=0.1)
        self.assertIn("does not depend on the inputs, or the tolerance is too wide", refusal)
        self.assertEqual(self.refusal("x[i] + 100", normal, "100.0f"), "wrong_answer")
        self.assertEqual(self.refusal("x[i]", negative, "x[i]"), "passed")

    def test_an_input_that_is_its_own_result_is_refused(self) -> None:
        code = HEADER.replace("x, y, n", "x, n") + "void k(float* x, int n) { for (int i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i]; }\n"
        tensors = [{"name": "x", "role": "inout", "dtype": "f32", "distribution": {"kind": "uniform", "low": 1, "high": 2}}]
        problem = HandmadeProblem("relu", tensors, code, code, {"1K": ("bench", 1 << 10)})
        self.assertIn("x passes though nothing was written to it", self.rig.judge(problem, code, timing=SHORT)["infra"]["message"])

    def test_a_check_case_may_have_one_answer_only_where_a_timed_one_has_many(self) -> None:
        """Row sums of n - 1 columns' worth of ones: in the smallest case zeros, which is right."""
        code = HEADER + "void k(const float* x, float* y, int n) { for (int i = 0; i < n; i++) y[i] = n == 1 ? 0 : x[i]; }\n"
        normal = {"dtype": "f32", "distribution": {"kind": "normal", "mean": 0, "std": 1}}
        tensors = [{"name": "x", "role": "in", **normal}, {"name": "y", "role": "out", **normal}]
        problem = HandmadeProblem("small", tensors, code, code, {"one": ("check", 1), "1K": ("bench", 1 << 10)})
        self.assertEqual(self.rig.judge(problem, code, timing=SHORT)["outcome"]["verdict"], "passed")
        within = code.replace("? 0", "? 1e-12f")
        problem.tolerance["atol"] = 1e-6
        self.assertEqual(self.rig.judge(problem, within, timing=SHORT)["outcome"]["verdict"], "passed")

    def test_integers_that_went_through_a_double_are_wrong(self) -> None:
        bits = {"dtype": "i64", "distribution": {"kind": "bits"}}
        tensors = [{"name": "x", "role": "in", **bits}, {"name": "y", "role": "out", **bits}]
        problem = HandmadeProblem("copy", tensors, COPY, COPY, {"odd": ("check", 1003), "4K": ("bench", 1 << 12)})
        problem.tolerance = {"rtol": 0, "atol": 0, "relative_l2": 1e-12}
        self.assertEqual(self.rig.judge(problem, COPY, timing=SHORT)["outcome"]["verdict"], "passed")
        outcome = self.rig.judge(problem, COPY_AS_DOUBLE, timing=SHORT)["outcome"]
        self.assertEqual(outcome["verdict"], "wrong_answer", outcome)
        mismatch = outcome["mismatch"]
        self.assertEqual(mismatch["rule"], "element")
        self.assertEqual(int(mismatch["error"]), abs(int(mismatch["actual"]) - int(mismatch["expected"])))


if __name__ == "__main__":
    unittest.main()
