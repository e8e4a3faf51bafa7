"""Variables of a side's code that its plan fills: what is refused, and that every run finds the values of its own inputs there."""
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import CORPUS, HandmadeProblem, Rig, header_of, vector_add

from kiln_runner.compile.elf import Variable, cubin_variables, library_variables
from kiln_runner.judge.contenders import Contenders
from kiln_runner.judge.cpu.child import Program
from kiln_runner.judge.cpu.library import harness
from kiln_runner.judge.cpu.memory import Memory
from kiln_runner.judge.device import LAST
from kiln_runner.judge.failures import InfraFailure, LaunchRejected
from kiln_runner.judge.gpu.helper_image import find_nvcc
from kiln_runner.judge.problems import Problem
from kiln_runner.judge.symbols import Fill, fills_of, names_in, refuse_misfit
from kiln_runner.judge.tensors import keys_of

from .played_case import PLAN, SPOILT, TENSORS, PlayedGpu, drawn
from .small_elf import ENTRY, FUNCTION, OBJECT, elf_of

MIB = 1 << 20


def tensor_fill(name: str, size: int) -> Fill:
    return Fill(name, size, {"kind": "tensor", "name": "filter"}, b"")


class Fitting(unittest.TestCase):
    def refused(self, fill: Fill, variables: dict[str, Variable]) -> "tuple[str, str]":
        with self.assertRaises(LaunchRejected) as refused:
            refuse_misfit(fill, variables)
        return refused.exception.field, str(refused.exception)

    def test_a_variable_may_be_larger_than_what_fills_it(self) -> None:
        for size in (36, 40):
            refuse_misfit(tensor_fill("d_filter", 36), {"d_filter": Variable(size, True)})

    def test_a_smaller_one_is_refused_with_both_sizes(self) -> None:
        variables = {"d_filter": Variable(32, True)}
        self.assertEqual(self.refused(tensor_fill("d_filter", 36), variables), ("symbols.d_filter", '"d_filter" has 32 bytes, filter has 36'))
        self.assertEqual(self.refused(Fill("d_filter", 40, None, bytes(40)), variables)[1], '"d_filter" has 32 bytes, the value has 40')

    def test_one_that_is_not_there_is_refused_with_those_that_are(self) -> None:
        variables = {"other": Variable(8, True), "d_fitler": Variable(36, True), "fixed": Variable(4, False)}
        self.assertEqual(
            self.refused(tensor_fill("d_filter", 36), variables)[1],
            'no variable "d_filter" in the compiled code; it has d_fitler (36 bytes), other (8 bytes)',
        )
        self.assertIn("it has none: declare it at file scope, not static", self.refused(tensor_fill("d_filter", 36), {})[1])
        many = {f"v{n:02}": Variable(4, True) for n in range(20)}
        self.assertTrue(self.refused(tensor_fill("d_filter", 36), many)[1].endswith("v15 (4 bytes) and 4 more"))

    def test_one_that_is_const_is_refused(self) -> None:
        self.assertIn("declare it without const", self.refused(tensor_fill("fixed", 4), {"fixed": Variable(4, False)})[1])

    def test_numbers_have_the_bytes_of_their_types(self) -> None:
        numbers = [("i32", -3, "=i"), ("u32", 2**32 - 1, "=I"), ("i64", -(2**40), "=q"), ("f32", 0.5, "=f"), ("f64", 0.1, "=d")]
        plan: Any = {"symbols": [{"name": dtype, "value": {"kind": "scalar", "dtype": dtype, "value": value}} for dtype, value, _ in numbers]}
        self.assertEqual([fill.data for fill in fills_of(plan, [])], [struct.pack(form, value) for _, value, form in numbers])
        self.assertEqual((names_in([plan, PLAN]), fills_of(PLAN, TENSORS)[0].size), ({"i32", "u32", "i64", "f32", "f64", "weights"}, 8))


class Compiled(unittest.TestCase):
    """What compilers write into their files."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def built(self, name: str, source: str, command: list[str]) -> bytes:
        (self.folder / name).write_text(source)
        subprocess.run([*command, "-o", str(self.folder / "out"), str(self.folder / name)], check=True, capture_output=True)
        return (self.folder / "out").read_bytes()

    @unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
    def test_a_shared_object_offers_what_is_global_and_not_what_is_static(self) -> None:
        source = "float zeros[9]; double set[2] = {1}; const int fixed[3] = {1}; static int hidden[4]; int* f(void) { return hidden; }\n"
        found = library_variables(self.built("code.c", source, ["gcc", "-O3", "-shared", "-fPIC"]))
        self.assertEqual(found, {"zeros": Variable(36, True), "set": Variable(16, True), "fixed": Variable(12, False)})

    @unittest.skipUnless(find_nvcc(), "nvcc is missing")
    def test_a_cubin_offers_constant_and_device_variables_by_the_names_that_they_have_in_the_source(self) -> None:
        source = (
            "__constant__ float plain[17 * 17];\nextern \"C\" { __constant__ int bounds[3]; }\n__device__ double kept[40000];\n"
            "namespace mine { __constant__ float inner[2]; }\n"
            "extern \"C\" __global__ void k(float* to) { to[0] = plain[threadIdx.x] + bounds[threadIdx.x] + kept[threadIdx.x] + mine::inner[0]; }\n"
        )
        found = cubin_variables(self.built("code.cu", source, [find_nvcc() or "", "-cubin", "-arch=sm_90"]))
        expected = {"plain": 17 * 17 * 4, "bounds": 12, "kept": 320_000, "_ZN4mine5innerE": 8}
        self.assertEqual(found, {name: Variable(size, True) for name, size in expected.items()})

    def test_functions_and_what_is_defined_elsewhere_are_no_variables(self) -> None:
        cubin = elf_of([("k", FUNCTION, ENTRY, 3), ("table", OBJECT, 0, 3), ("elsewhere", OBJECT, 0, 0)], 12)
        self.assertEqual(cubin_variables(cubin), {"table": Variable(12, True)})


class OnTheGpu(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.gpu = PlayedGpu(Path(folder.name))
        self.addCleanup(self.gpu.driver.close)
        self.program = self.gpu.program()

    def products(self, seed: int, replica: int = 0) -> list[float]:
        x, w = (drawn(keys_of(seed, replica, tensor)[0]) for tensor in range(2))
        return [a * b for a, b in zip(x, w)]

    def test_every_run_finds_the_values_of_its_own_inputs_though_the_run_before_spoiled_them(self) -> None:
        case = self.gpu.case()
        runnable = case.bind("candidate", self.program, PLAN)
        for seed in (1, 2, 2, 3):
            case.draw(seed)
            case.execute(runnable)
            self.assertEqual(self.gpu.numbers(case.tensor_at(0, "out")), self.products(seed))
        self.assertEqual(self.gpu.driver.weights(0), SPOILT, "the played kernel spoils its weights")

    def test_the_copy_is_made_before_the_clock_starts(self) -> None:
        case = self.gpu.case()
        runnable = case.bind("candidate", self.program, PLAN)
        self.gpu.driver.done.clear()
        case.execute(runnable)
        self.assertEqual(self.gpu.driver.done, ["copy", "event", "launch", "event"])

    def test_cases_that_share_a_module_do_not_see_each_others_values(self) -> None:
        cases = [self.gpu.case(), self.gpu.case()]
        bound = [case.bind("candidate", self.program, PLAN) for case in cases]
        for number, case in enumerate(cases):
            case.draw(10 + number)
        for number in (0, 1, 0):
            cases[number].execute(bound[number])
            self.assertEqual(self.gpu.numbers(cases[number].tensor_at(0, "out")), self.products(10 + number))

    def test_a_reference_with_symbols_answers_for_the_inputs_that_it_is_asked_about(self) -> None:
        case = self.gpu.case(batch=2)
        reference = case.bind("reference", self.program, PLAN)
        case.draw(5)
        for seed, replica in ((5, 0), (5, 1), (4, 1)):
            case.expect(reference, seed, (replica, LAST))
            self.assertEqual(self.gpu.numbers(case._hidden("expected", LAST, TENSORS[2])), self.products(seed, replica))

    def test_executions_that_are_timed_together_cannot_have_them(self) -> None:
        with self.assertRaisesRegex(InfraFailure, "2 executions in a row cannot have values of their own in one variable"):
            self.gpu.case(batch=2).bind("candidate", self.program, PLAN)

    def test_numbers_are_copied_too(self) -> None:
        case = self.gpu.case()
        both: Any = {"dtype": "f64", "value": 2.0, "kind": "scalar"}
        runnable = case.bind("candidate", self.program, {**PLAN, "symbols": [{"name": "weights", "value": both}]})
        for _ in range(2):
            runnable.fill(0)
            self.assertEqual(struct.pack("<2f", *self.gpu.driver.weights(0)), struct.pack("<d", 2.0))
            case.launch(runnable, 0)

    def test_what_the_code_lacks_is_refused_when_the_plan_is_bound(self) -> None:
        other: Any = {**PLAN, "symbols": [{"name": "weight", "value": {"kind": "tensor", "name": "w"}}]}
        with self.assertRaises(LaunchRejected) as refused:
            self.gpu.case().bind("candidate", self.program, other)
        self.assertEqual(
            (refused.exception.field, str(refused.exception)),
            ("symbols.weight", 'no variable "weight" in the compiled code; it has table (8 bytes), weights (8 bytes)'),
        )

    def test_tables_are_watched_for_changes_but_for_what_is_filled_anyway(self) -> None:
        case = self.gpu.case()
        runnable = case.bind("reference", self.program, PLAN)
        before, whole = self.program.constants({"weights"}), self.program.constants(())
        case.draw(1)
        runnable.fill(LAST)
        self.assertEqual(self.program.constants({"weights"}), before)
        self.assertNotEqual(self.program.constants(()), whole)
        table = self.gpu.driver.variable(type("Module", (), {"value": 1}), "table")
        self.gpu.driver.upload(table[0] if table else 0, b"\1")
        self.assertNotEqual(self.program.constants({"weights"}), before)


class Watched(unittest.TestCase):
    def test_of_every_side_that_a_candidate_could_change_its_own_symbols_are_left_out(self) -> None:
        """Filled anew for each case, they would look as if the candidate had changed them."""
        plain: Any = {"launches": [], "scratch": {}}
        problem = Problem.__new__(Problem)
        problem.definition = {"cases": [{"reference": plain, "baseline": plain}, {"reference": PLAN, "baseline": plain}]}
        problem._programs = {"reference": "reference", "baseline": "baseline"}
        sides = Contenders.__new__(Contenders)
        sides._problem, sides.programs = problem, {"candidate": "candidate", "record": "record"}
        sides._bench = SimpleNamespace(device=SimpleNamespace(constants=dict))
        for record, own in ((None, {}), ({"plans": {"one": plain, "other": PLAN}}, {"record": {"weights"}})):
            sides._task = {"record": record}
            self.assertEqual(sides.constants(), {"reference": {"weights"}, "baseline": frozenset(), **own})


@unittest.skipUnless(shutil.which("gcc"), "gcc is missing: apt-get install gcc")
class OnTheCpu(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_the_copy_counts_in_the_time_since_it_leaves_the_values_in_the_caches(self) -> None:
        source, code = self.folder / "code.c", self.folder / "code.so"
        source.write_text(f"char much[{8 * MIB}]; void f(void) {{}}\n")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(code), str(source)], check=True)
        memory = Memory("visible", 64 * MIB)
        memory.require(8 * MIB)
        program = Program("candidate", code, harness(self.folder), memory)
        self.addCleanup(program.close)
        plan: Any = {"launches": [{"kernel": "f", "args": []}], "scratch": {}}
        fill = Fill("much", 8 * MIB, {"kind": "tensor", "name": "x"}, b"")
        least = {
            len(fills): min(program.run(program.bind(plan, [lambda _: 0], [(0, 8 * MIB)], fills), 1) for _ in range(5)) for fills in ([], [fill])
        }
        # 80 GB/s: nobody copies so fast on one core; a call of nothing takes less than a microsecond.
        self.assertGreater(least[1], 100_000)
        self.assertLess(least[0], 50_000)

    def test_plans_with_symbols_are_timed_one_execution_at_a_time_and_others_are_not(self) -> None:
        rig = Rig("cpu", self.folder)
        self.addCleanup(rig.close)
        problem = vector_add("cpu", {"tiny": ("bench", 64)})
        batches = {}
        for name in ("honest", "honest-symbols"):
            outcome = rig.judge(problem, (CORPUS / "c" / f"{name}.c").read_text())["outcome"]
            self.assertEqual(outcome["verdict"], "passed", outcome)
            batches[name] = outcome["timings"][0]["candidate"]["batch"]
        self.assertEqual((batches["honest-symbols"], batches["honest"] > 1), (1, True))

    def test_every_side_may_have_them(self) -> None:
        """Reference, baseline and record spoil their own: what one side finds is another's in no case."""
        filled, plain = ((CORPUS / "c" / f"{name}.c").read_text() for name in ("honest-symbols", "honest"))
        rig, like = Rig("cpu", self.folder), vector_add("cpu", {"odd": ("check", 1003), "16K": ("bench", 1 << 14)})
        self.addCleanup(rig.close)
        problem = HandmadeProblem("vector_add", like.tensors, filled, filled, like.cases)
        problem.hard = like.hard
        record = {"artifact": rig.artifact(filled), "plans": problem.plans(header_of(filled))}
        for source, expected in ((plain, "passed"), (filled, "passed"), ((CORPUS / "c" / "off-by-one-element.c").read_text(), "wrong_answer")):
            self.assertEqual(rig.judge(problem, source, record=record)["outcome"]["verdict"], expected)

    def test_refusals_name_the_symbol_and_the_case(self) -> None:
        rig = Rig("cpu", self.folder)
        self.addCleanup(rig.close)
        problem = vector_add("cpu", {"small": ("check", 100), "large": ("bench", 1 << 16)})
        expected = {
            "symbol-too-small": '"added" has 400 bytes, b has 262144 (case large)',
            "symbol-const": '"added" is const, so nothing can be copied there: declare it without const (case small)',
            "symbol-unknown": 'no variable "added" in the compiled code; it has other (4194304 bytes) (case small)',
        }
        for name, message in expected.items():
            with self.subTest(name):
                outcome = rig.judge(problem, (CORPUS / "c" / f"{name}.c").read_text())["outcome"]
                self.assertEqual(outcome, {"verdict": "plan_error", "field": "symbols.added", "message": message})


if __name__ == "__main__":
    unittest.main()
