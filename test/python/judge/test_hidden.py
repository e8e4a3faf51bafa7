"""The check case that is drawn for one judgement: it finds what is special about declared shapes, and blames who deserves it."""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import ROOT, Rig, header_of, resolve, vector_add

from kiln_runner.devices.plan_cache import PlanCache

BASELINE = (ROOT / "kernels" / "vector_add" / "baseline.c").read_text()
# Right for the shapes that anybody can read.
DECLARED_ONLY = """/* kiln
launch:
  - kernel: f
    args: [a, b, out, n]
*/
void f(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = n == 1003 || n == 4096 ? a[i] + b[i] : a[i];
}
"""
SHORT = {"runsMin": 8, "runsMax": 8, "warmupRuns": 2}


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Hidden(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.rig = Rig("cpu", Path(cls.folder.name))
        cls.problem = vector_add("cpu", {"odd": ("check", 1003), "4K": ("bench", 4096)})

    @classmethod
    def tearDownClass(cls) -> None:
        cls.rig.close()
        cls.folder.cleanup()

    def hidden(self, source: str, n: int, problem: object = None) -> dict:
        drawn = vector_add("cpu", {f"hidden(n={n})": ("check", n)})
        case = {**drawn.definition["cases"][0], "baseline": resolve(header_of((problem or drawn).baseline), drawn.tensors, n)}
        return {"kind": "case", "case": case, "plan": resolve(header_of(source), drawn.tensors, n)}

    def judge(self, source: str, hidden: dict, problem: object = None) -> dict:
        of = problem or self.problem
        task = {**self.rig.task(of, source, timing=SHORT), "hidden": hidden}
        self.rig.give(of)
        self.rig.send({"type": "judge", "task": task})
        return self.rig.result()

    def test_what_is_right_for_declared_shapes_alone_is_wrong_and_the_shape_is_named(self) -> None:
        outcome = self.judge(DECLARED_ONLY, self.hidden(DECLARED_ONLY, 77))["outcome"]
        self.assertEqual((outcome["verdict"], outcome["case"], outcome["stage"]), ("wrong_answer", "hidden(n=77)", "check"))
        self.assertEqual(self.rig.judge(self.problem, DECLARED_ONLY, timing=SHORT)["outcome"]["verdict"], "passed", "without it nobody sees it")

    def test_an_honest_one_passes_and_the_case_counts(self) -> None:
        for n in (1, 513, 20_000):
            outcome = self.judge(BASELINE, self.hidden(BASELINE, n))["outcome"]
            self.assertEqual((outcome["verdict"], outcome["checkedCases"]), ("passed", 3))
        self.assertEqual([case for phase, case in self.rig.phases if phase == "check"], ["odd", "4K", "hidden(n=20000)"])

    def test_a_plan_that_cannot_be_made_there_is_the_candidates_plan_error(self) -> None:
        refused = {"kind": "refused", "field": "launch[0].grid[0]", "message": "case hidden(n=5): too few"}
        outcome = self.judge(BASELINE, refused)["outcome"]
        self.assertEqual(outcome, {"verdict": "plan_error", "field": "launch[0].grid[0]", "message": "case hidden(n=5): too few"})

    def test_bounds_that_the_problems_own_baseline_does_not_keep_are_the_problems_fault(self) -> None:
        problem = vector_add("cpu", {"odd": ("check", 1003), "4K": ("bench", 4096)})
        problem.baseline = DECLARED_ONLY
        infra = self.judge(DECLARED_ONLY, self.hidden(DECLARED_ONLY, 77, problem), problem)["infra"]
        self.assertEqual(infra["code"], "baseline_failed")
        self.assertIn("its bounds of hidden shapes are too wide", infra["message"])

    def test_plans_that_were_told_once_serve_tasks_with_cases_of_their_own(self) -> None:
        book = PlanCache()
        book.keep("k", {"odd": {"launches": [], "scratch": {}}})
        tasks = [book.filled({"plansKey": "k", "hidden": {"kind": "refused", "field": str(n), "message": ""}}, b"")[0] for n in (1, 2)]
        self.assertEqual([task["hidden"]["field"] for task in tasks], ["1", "2"])
        self.assertIs(tasks[0]["plans"], tasks[1]["plans"])


if __name__ == "__main__":
    unittest.main()
