"""What is read of a file without running it, and what its data may hold."""
import json
import unittest
from typing import Any

from kiln_describe.arguments import given_arguments, plain_arguments
from kiln_describe.first_axis import After, fewer_rows, smaller_cases
from kiln_describe.names import argument_names, unpacked_names
from kiln_describe.refused import Refused
from kiln_describe.tolerance import tolerance_of

CHECK = "def check_implementation(data, output):\n"


class Tolerances(unittest.TestCase):
    def test_numbers_are_read_of_every_form_that_tasks_have(self) -> None:
        self.assertEqual(tolerance_of("check_implementation = make_match_reference(ref, rtol=2e-2, atol=1e-3)"), {"rtol": 0.02, "atol": 0.001})
        self.assertEqual(tolerance_of("check_implementation = utils.make_match_reference(ref)"), {"rtol": 1e-5, "atol": 1e-8})
        self.assertEqual(tolerance_of(f"{CHECK}    return match_reference(data, output, reference=ref, rtol=1e-3)"), {"rtol": 0.001, "atol": 1e-8})
        close = f"{CHECK}    reasons = verbose_allclose(output, ref(data), rtol=1e-3, atol=0)\n    return (False, '') if reasons else (True, '')"
        self.assertEqual(tolerance_of(close), {"rtol": 0.001, "atol": 0})
        self.assertEqual(tolerance_of(f"{CHECK}    return not verbose_allequal(output, ref(data))"), {"equal": True})

    def test_several_outputs_that_are_each_compared_as_exactly_have_one_tolerance(self) -> None:
        check = f"{CHECK}    a, b = ref(data)\n    c, d = output\n    one = verbose_allclose(c, a, rtol=1e-3, atol=1e-2)\n"
        both = f"{check}    two = verbose_allclose(d, b, rtol=1e-3, atol=1e-2)\n    return not one and not two"
        self.assertEqual(tolerance_of(both), {"rtol": 0.001, "atol": 0.01})
        numbers = both.replace("allclose(c, a", "allclose(c.float(), a.float()").replace("allclose(d, b", "allclose(d.float(), b")
        self.assertEqual(tolerance_of(numbers), {"rtol": 0.001, "atol": 0.01})
        several = [
            both.replace("allclose(c, a", "allclose(c.abs(), a"), both.replace("allclose(c, a", "allclose(c.float(0), a"),
            both.replace("d, b, rtol=1e-3", "d, b, rtol=1e-2"), both.replace("allclose(d, b", "allclose(c, b"),
            both.replace("c, d = output", "c, d, _ = output"), both.replace("allclose(d, b", "allclose(d + 1, b"),
            both.replace("c, d = output", "c, d = ref(data)"),
        ]
        for source in several:
            self.assertIn("compares several times (line 1)", tolerance_of(source)["own"])

    def test_the_last_definition_holds(self) -> None:
        source = "check_implementation = make_match_reference(ref, rtol=1)\ncheck_implementation = make_match_reference(ref, rtol=2)"
        self.assertEqual(tolerance_of(source)["rtol"], 2)

    def test_a_check_of_its_own_is_said_with_its_line(self) -> None:
        own = {
            "a = 1": "is not there",
            f"{CHECK}    return output.sum() > 0": "compares in a way of its own (line 1)",
            f"{CHECK}    return match_reference(data, output, ref, rtol=data.numel())": "rtol is computed (line 2)",
            f"{CHECK}    return verbose_allclose(a, b) + verbose_allclose(c, d)": "compares several times (line 1)",
            f"{CHECK}    for one in output:\n        verbose_allclose(one, ref(data))": "does more than compare (line 2)",
        }
        for source, words in own.items():
            self.assertIn(words, tolerance_of(source)["own"])


class Names(unittest.TestCase):
    def test_tensors_are_called_as_the_reference_calls_them(self) -> None:
        self.assertEqual(unpacked_names("def ref_kernel(data):\n    if True:\n        (a, b, _) = data\n", "ref_kernel"), ["a", "b", "_"])
        self.assertEqual(unpacked_names("def ref_kernel(data):\n    a = data\n", "ref_kernel"), [])
        self.assertEqual(argument_names("class Model:\n    def forward(self, x, bias=None): ...\n", "Model", "forward"), ["x", "bias"])


class Arguments(unittest.TestCase):
    def test_a_constructor_gets_what_was_written_down_floats_as_floats(self) -> None:
        values = [1.0, 2, [0.5, 3.0], {"bias": False, "scale": 4.0}, None, "same"]
        written = json.loads(json.dumps(plain_arguments(tuple(values), "x")).replace(".0}", "}"))
        self.assertEqual(written[:2], [{"$float": 1}, 2])
        given = given_arguments(written)
        self.assertEqual((given, [type(one) for one in (given[0], given[1], given[2][1], given[3]["scale"])]), (values, [float, int, float, float]))

    def test_numbers_that_cannot_be_written_down_are_refused(self) -> None:
        with self.assertRaisesRegex(Refused, r"x\[0\] is float"):
            plain_arguments([float("inf")], "x")


def case_of(*shapes: "list[int]", out: "list[int]") -> "dict[str, object]":
    tensors = [{"dtype": "f32", "shape": shape, "draw": {"kind": "normal"}} for shape in shapes]
    return {"tensors": tensors, "outputs": [{"dtype": "f32", "tensor": None, "shape": out}]}


def cut(whole: "dict[str, object]", after: After, bytes_max: int) -> "dict[str, Any]":
    return smaller_cases(whole, lambda rows: fewer_rows(whole, rows, after), bytes_max)


class Rows(unittest.TestCase):
    def shapes(self, found: "dict[str, object]") -> "list[object]":
        return [[one["shape"] for one in case["tensors"]] for case in found["cases"]]

    def test_a_model_that_takes_fewer_rows_is_checked_with_three(self) -> None:
        found = cut(case_of([64, 8], [64, 2], out=[64, 4]), lambda shapes: [[shapes[0][0], 4]], 1 << 30)
        self.assertEqual(self.shapes(found), [[[3, 8], [3, 2]], [[64, 8], [64, 2]]])
        self.assertEqual(found["asked"], [{"kind": "check", "args": {"batch": 3}}, {"kind": "bench", "args": {"batch": 64}}])

    def test_only_the_first_tensor_has_fewer_where_others_have_as_many_by_chance(self) -> None:
        product = lambda shapes: [[shapes[0][0], shapes[1][1]]] if shapes[0][1] == shapes[1][0] else None  # noqa: E731
        found = cut(case_of([64, 64], [64, 64], out=[64, 64]), product, 1 << 30)
        self.assertEqual(self.shapes(found)[0], [[3, 64], [64, 64]])

    def test_one_that_takes_no_other_rows_stays_as_it_is(self) -> None:
        found = cut(case_of([64, 8], out=[64, 8]), lambda _shapes: None, 1 << 30)
        self.assertEqual(found["asked"], [{"kind": "bench", "args": {}}])

    def test_inputs_that_are_derived_take_the_room_of_what_they_are_derived_from(self) -> None:
        def whole(rows: int) -> "dict[str, Any]":
            case: Any = case_of([rows, 8], out=[1])
            case["tensors"][0]["draw"] = {"kind": "unplain"}
            return {**case, "raw": {"draws": [{"dtype": "f32", "shape": [rows, 8], "times": 3}]}}

        found = smaller_cases(whole(64), whole, 4 * 4 * 8 * 32)
        self.assertEqual(found["asked"][-1], {"kind": "bench", "args": {"batch": 32}, "instead": 64})
        self.assertEqual(smaller_cases(whole(64), whole, 4 * 4 * 8 * 64)["asked"][-1], {"kind": "bench", "args": {"batch": 64}})

    def test_what_is_too_large_is_halved_until_it_fits_and_that_is_said(self) -> None:
        found = cut(case_of([64, 8], out=[64, 8]), lambda shapes: shapes, 1100)
        self.assertEqual(found["asked"][-1], {"kind": "bench", "args": {"batch": 16}, "instead": 64})
        fixed = cut(case_of([64, 8], out=[64, 8]), lambda _shapes: None, 1100)
        self.assertEqual(self.shapes(fixed), [[[64, 8]]])
