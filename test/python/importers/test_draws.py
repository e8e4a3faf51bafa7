"""What arithmetic makes of a draw."""
import unittest

from kiln_describe.draws import Draw, absolute, affine, cast, compared, constant, document, in_order, two, unplain

UNIFORM, NORMAL = Draw("uniform", 0, 1), Draw("normal", 0, 1)


class Draws(unittest.TestCase):
    def test_a_scale_and_a_shift_move_the_bounds_of_what_is_uniform_and_mean_and_spread_of_what_is_normal(self) -> None:
        self.assertEqual(document(affine(UNIFORM, -2, 1)), {"kind": "uniform", "low": -1, "high": 1})
        self.assertEqual(document(affine(NORMAL, -0.5, 3)), {"kind": "normal", "mean": 3, "std": 0.5})

    def test_integers_that_are_spread_apart_are_a_mixture_of_their_values(self) -> None:
        self.assertEqual(document(affine(Draw("integers", 0, 4), 1, -2)), {"kind": "integers", "low": -2, "high": 2})
        self.assertEqual(document(affine(Draw("integers", 0, 1), 2, -1)), {
            "kind": "mixture",
            "of": [{"kind": "integers", "low": -1, "high": -1, "share": 0.5}, {"kind": "integers", "low": 1, "high": 1, "share": 0.5}],
        })
        self.assertIsNone(affine(Draw("integers", 0, 100), 0.5, 0))

    def test_a_comparison_is_one_with_the_probability_that_it_holds(self) -> None:
        self.assertEqual(document(compared(UNIFORM, "lt", 0.25)), {"kind": "bernoulli", "share": 0.25})
        self.assertEqual(document(compared(Draw("uniform", -1, 3), "gt", 0)), {"kind": "bernoulli", "share": 0.75})
        self.assertEqual(document(compared(Draw("integers", 0, 9), "le", 2)), {"kind": "bernoulli", "share": 0.3})
        self.assertEqual(document(compared(Draw("integers", 0, 9), "ne", 2)), {"kind": "bernoulli", "share": 0.9})
        self.assertEqual(document(compared(NORMAL, "gt", 0)), {"kind": "bernoulli", "share": 0.5})
        self.assertIsNone(compared(NORMAL, "gt", 1))
        self.assertEqual(document(compared(UNIFORM, "lt", 2)), {"kind": "integers", "low": 1, "high": 1})

    def test_what_becomes_whole_is_integers_where_every_one_is_as_likely(self) -> None:
        self.assertEqual(document(cast(Draw("uniform", 0, 255), "int")), {"kind": "integers", "low": 0, "high": 254})
        # Towards zero: 0 would come twice as often.
        self.assertIsNone(cast(Draw("uniform", -5, 5), "int"))
        self.assertIsNone(cast(NORMAL, "int"))
        self.assertEqual(document(cast(Draw("integers", 0, 1), "bool")), {"kind": "bernoulli", "share": 0.5})

    def test_an_absolute_value_is_plain_where_both_halves_are_alike(self) -> None:
        self.assertEqual(document(absolute(Draw("uniform", -2, 2))), {"kind": "uniform", "low": 0, "high": 2})
        self.assertIsNone(absolute(Draw("uniform", -1, 2)))
        self.assertIsNone(absolute(NORMAL))

    def test_constants_are_whole_numbers_or_a_uniform_draw_of_one_number(self) -> None:
        self.assertEqual(document(constant(0)), {"kind": "integers", "low": 0, "high": 0})
        self.assertEqual(document(constant(0.5)), {"kind": "uniform", "low": 0.5, "high": 0.5})
        self.assertEqual(document(constant(float("-inf")))["kind"], "unplain")
        self.assertEqual(document(affine(two(0.25), 2, 0)), {
            "kind": "mixture",
            "of": [{"kind": "integers", "low": 0, "high": 0, "share": 0.75}, {"kind": "integers", "low": 2, "high": 2, "share": 0.25}],
        })

    def test_sorted_integers_are_sorted_and_nothing_else_is(self) -> None:
        self.assertEqual(document(in_order(Draw("integers", 0, 9))), {"kind": "integers", "low": 0, "high": 9, "sorted": True})
        self.assertIsNone(in_order(NORMAL))
        self.assertIsNone(affine(unplain("because"), 2, 0))
