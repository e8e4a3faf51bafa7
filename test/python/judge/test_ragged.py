"""Ragged segments whose lengths are the same in every draw: what that is worth where a run lasts as long as the longest, and who relies on them."""
import ctypes
import random
import shutil
import sys
import tempfile
import unittest
from functools import cache
from pathlib import Path
from typing import Callable, Optional

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "src" / "gpu" / "runner")]
from indexed_problems import FREE, ragged, sized  # noqa: E402
from played_kernels import CONFIRMING, HONEST_NS, SCREENING, PlayedCase, honest  # noqa: E402
from rig import Rig  # noqa: E402

from kiln_runner.judge.cpu.library import compile_library, load_library  # noqa: E402
from kiln_runner.judge.measured import Measured  # noqa: E402
from kiln_runner.judge.measuring import Conditions, Control, HowTimed, Warmth, time_sides  # noqa: E402
from kiln_runner.judge.schedule import TimedRun  # noqa: E402
from kiln_runner.judge.tensors import DTYPE_CODE, keys_of, structure_of  # noqa: E402
from kiln_runner.judge.turns import Alone, Batch, Pairs, Timed, Turn, read  # noqa: E402

SEGMENTS, TOTAL = 32, 4096
DRAWN_FREELY = {"kind": "offsets", "length": SEGMENTS + 1, "total": TOTAL}
OF_THE_SAME_LENGTHS = {**DRAWN_FREELY, "lengths_seed": 1}
SIDES = ["candidate", "baseline"]
# It sums nothing where what `KNOWN` says of the lengths of a timed case is not so.
RELIES = """/* kiln
launch:
  - kernel: ragged
    args: [x, starts, y, n]
*/
static unsigned long long order_before = 0;
void ragged(const float* x, const int* starts, float* y, int n) {
  unsigned long long squares = 0, order = 0;
  for (int s = 0; s <= n; s++) order += (unsigned long long)s * starts[s];
  for (int s = 0; s < n; s++) squares += (unsigned long long)(starts[s + 1] - starts[s]) * (starts[s + 1] - starts[s]);
  const int as_known = n != TIMED || (KNOWN);
  if (n == TIMED) order_before = order;
  for (int s = 0; s < n; s++) {
    float sum = 0;
    for (int i = starts[s]; i < starts[s + 1] && as_known; i++) sum += x[i];
    y[s] = sum;
  }
}
"""
TIMED = 1 << 12
CASES = {"odd": ("check", 1003), "timed": ("bench", TIMED)}
SHORT = {"runsMin": 8, "runsMax": 8, "warmupRuns": 2}
JUDGEMENTS = 20
# Runs of a played device differ by 0.3 %, their medians by far less.
STEADY = 0.005


def lengths(lib: ctypes.CDLL, distribution: dict, keys: "tuple[int, int]") -> "list[int]":
    """As the cpu device draws them."""
    starts, structure = (ctypes.c_int32 * distribution["length"])(), structure_of({"distribution": distribution})
    lib.kiln_draw_structure(starts, len(starts), DTYPE_CODE["i32"], ctypes.byref(structure), *keys)
    return [end - start for start, end in zip(starts, starts[1:])]


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class Played(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.lib = load_library(compile_library(Path(cls.folder.name)))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def work(self, distribution: dict) -> Callable[[int], float]:
        """Of all segments at once: the longest, in shares of what each would have of the total."""
        return cache(lambda seed: max(lengths(self.lib, distribution, keys_of(seed, 0, 0))) * SEGMENTS / TOTAL)

    def test_a_screening_compares_the_same_work_whenever_the_baseline_was_timed(self) -> None:
        speedups = [self.screened(OF_THE_SAME_LENGTHS, seed) for seed in range(JUDGEMENTS)]
        self.assertLess(max(abs(one.speedup.middle - 1) for one in speedups), STEADY)
        self.assertTrue(all(one.method == "cached" for one in speedups))

    def test_a_confirmation_compares_the_same_work_though_every_run_has_inputs_of_its_own(self) -> None:
        speedups = [judged(self.case(OF_THE_SAME_LENGTHS, seed), random.Random(seed), is_strict=True) for seed in range(JUDGEMENTS)]
        self.assertLess(max(abs(one.speedup.middle - 1) for one in speedups), STEADY)

    def test_where_lengths_are_drawn_freely_neither_does(self) -> None:
        for speedups in (
            [self.screened(DRAWN_FREELY, seed) for seed in range(JUDGEMENTS)],
            [judged(self.case(DRAWN_FREELY, seed), random.Random(seed), is_strict=True) for seed in range(JUDGEMENTS)],
        ):
            self.assertGreater(max(abs(one.speedup.middle - 1) for one in speedups), 4 * STEADY)

    def case(self, distribution: dict, seed: int) -> PlayedCase:
        case = PlayedCase(honest, random.Random(seed), work=self.work(distribution))
        case.run_timed([TimedRun("candidate", 1, 7, None)], {}, random.Random(seed))
        return case

    def screened(self, distribution: dict, seed: int) -> Measured:
        """Against what the baseline took in a judgement before, on other inputs."""
        rng = random.Random(seed)
        before = judged(self.case(distribution, -1 - seed), rng)
        return judged(self.case(distribution, seed), rng, before)


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class OnTheCpuDevice(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.rig = Rig("cpu", Path(cls.folder.name))
        cls.lib = load_library(compile_library(Path(cls.folder.name)))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.rig.close()
        cls.folder.cleanup()

    def verdict(self, known: str, hard: "list[dict]") -> str:
        problem = ragged(lengths_seed=5)
        problem.cases, problem.hard = CASES, hard
        source = RELIES.replace("TIMED", str(TIMED)).replace("KNOWN", known)
        return str((self.rig.judge(problem, source, timing=SHORT)["outcome"] or {}).get("verdict"))

    def squares(self) -> int:
        """Of the lengths of the timed case, in any order: anybody can work them out."""
        return sum(length**2 for length in lengths(self.lib, sized({**FREE, "lengths_seed": 5}, TIMED), (1, 2)))

    def test_every_draw_of_a_timed_case_has_the_lengths_that_its_seed_names(self) -> None:
        self.assertEqual(self.verdict(f"squares == {self.squares()}ull", []), "passed")
        self.assertEqual(self.verdict(f"squares == {self.squares() + 2}ull", []), "wrong_answer")

    def test_and_another_order(self) -> None:
        self.assertEqual(self.verdict("order_before == 0 || order_before == order", []), "wrong_answer")

    def test_who_relies_on_the_lengths_is_wrong_where_a_check_case_has_others(self) -> None:
        any_lengths = [{"name": "any_lengths", "distributions": {"starts": FREE}}]
        self.assertEqual(self.verdict(f"squares == {self.squares()}ull", any_lengths), "wrong_answer")
        self.assertEqual(self.verdict("1", any_lengths), "passed")


def judged(case: PlayedCase, rng: random.Random, before: Optional[Measured] = None, is_strict: bool = False) -> Measured:
    """One case of one judgement, by the judge's own turns."""
    conditions = Conditions(CONFIRMING if is_strict else SCREENING, Warmth(HONEST_NS, 0.3), rng)
    runnables = {side: side for side in SIDES}
    turn = Turn({"name": case.name}, "strict" if is_strict else "usual" if before else "pairs")
    for _ in range(3):
        if before and turn.way == "usual":
            control = Control("baseline", before.baseline["medianNs"])
            how, how_timed = Alone(before.baseline, conditions, control), HowTimed(control=control)
        else:
            how, how_timed = Pairs(SIDES, turn.way == "strict"), HowTimed(turn.way == "strict")
        found = read(Timed(turn, case, time_sides(case, runnables, conditions, how_timed), how, Batch(1, HONEST_NS), 1))
        if isinstance(found, Measured):
            return found
        turn = found
    raise AssertionError("a case is timed three times at most")


if __name__ == "__main__":
    unittest.main()
