"""Cases that no problem can have cost no more than it takes to see that: with PyTorch, where this Python has it."""
import importlib.util
import tempfile
import unittest
from pathlib import Path
from typing import Any

SOURCE = f"""
import sys

import torch

note = lambda *what: sys.modules["{__name__}"].noted.append(what)
make_match_reference = lambda *_, **__: None

def generate_input(size, steers, seed):
    gen = torch.Generator(device="cuda")
    gen.manual_seed(seed)
    x = torch.randn(size, device="cuda", generator=gen)
    note("made", size, x.device.type)
    if steers is None:
        x[0, 0].item()
    if steers:
        x = x.tril() if x[0, 0].item() > 9 else x.triu()
    return x

def ref_kernel(x):
    note("run", tuple(x.shape), x.device.type)
    return x * 2

check_implementation = make_match_reference(ref_kernel, rtol=1e-3, atol=1e-3)
"""
noted: list[Any] = []


@unittest.skipUnless(importlib.util.find_spec("torch"), "this Python has no PyTorch")
class LeftOut(unittest.TestCase):
    def described(self, *cases: dict[str, Any]) -> "tuple[Any, list[Any]]":
        """What is told of them, and what was called meanwhile."""
        from kiln_describe import gpumode
        from kiln_describe.redirect import pretend_gpu

        pretend_gpu()
        noted.clear()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "reference.py")
            path.write_text(SOURCE)
            return gpumode.describe({"file": str(path), "cases": list(cases)}), [*noted]

    def test_one_that_follows_from_a_value_is_made_once_with_numbers_and_its_reference_never_run(self) -> None:
        told, called = self.described({"size": [8, 8], "steers": False}, {"size": [4, 4], "steers": True})
        plain, steered = told["cases"]
        self.assertEqual((len(plain["outputs"]), steered["outputs"]), (1, None))
        self.assertIsNotNone(steered["raw"]["read"])
        self.assertEqual([what for what in called if what[0] == "made" and what[1] == [4, 4]], [("made", [4, 4], "meta"), ("made", [4, 4], "cpu")])
        self.assertEqual({what[1] for what in called if what[0] == "run"}, {(8, 8)})
        # That the result is the same every time is shown on the smallest of the others.
        self.assertIn(("run", (8, 8), "cpu"), called)

    def test_that_a_result_is_the_same_each_time_is_shown_on_the_smallest_alone(self) -> None:
        """Both are made with numbers, since a value is read; what is drawn does not follow from it."""
        _, called = self.described({"size": [4, 4], "steers": None}, {"size": [8, 8], "steers": None})
        self.assertEqual([what[1] for what in called if what[0] == "run"], [(4, 4), (4, 4), (8, 8)])

    def test_where_all_do_that_is_told_and_no_reference_that_failed(self) -> None:
        told, _ = self.described({"size": [4, 4], "steers": True})
        self.assertEqual([case["outputs"] for case in told["cases"]], [None])
