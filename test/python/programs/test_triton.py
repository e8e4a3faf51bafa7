"""Triton kernels of programs, with a stand-in for Triton that starts processes where Triton does: in the sandbox nothing can be, and all is found."""
import os
import shutil
import tempfile
import unittest
from typing import Any

from kiln_runner.programs.record_frames import CALL_CHARS_MAX, KERNELS_MAX, NoAnswer, Refused, Wants, answer_of, pack_wants
from kiln_runner.programs.recordings import Kept, kept_of
from kiln_runner.programs.sandbox import levels
from test.python.programs.test_build import IMPORTS, Worker
from test.python.programs.test_record_task import asked_of, unit_of
from test.python.programs.zygote_process import RUNNER, ZygoteProcess

TRITON = [
    *IMPORTS, "triton", "triton.backends.nvidia.driver", "triton.backends.nvidia.compiler", "triton.runtime.build", "triton.testing",
    "test.python.programs.played_gpu",
]
HEAD = "import triton\nimport triton.testing\n\n\n@triton.jit\ndef scaled(x, out, FACTOR):\n    pass\n\n\n"
DOUBLE = HEAD + "def custom_kernel(data):\n    x, out = data\n    scaled[(1,)](x, out, FACTOR=2, num_warps=4)\n"
CHAINED = HEAD + """def custom_kernel(data):
    x, out = data
    scaled[(1,)](x, out, FACTOR=2 if x.elements < 10 else 5)
    scaled[(1,)](out, out, FACTOR=3)
"""
TUNED = HEAD + """
best = None


def custom_kernel(data):
    global best
    x, out = data
    if best is None:
        times = {}
        for factor in (2, -1):
            try:
                times[factor] = triton.testing.do_bench(lambda: scaled[(1,)](x, out, FACTOR=factor), quantiles=(0.5,))[0]
            except Exception:
                times[factor] = 1e9
        best = min(times, key=times.get)
        assert max(times.values()) == 1e9 or set(times.values()) == {1.0}, times
        assert min(times.values()) <= 25, times
    scaled[(1,)](x, out, FACTOR=best)
"""
INSIDE = """import triton
def custom_kernel(data):
    @triton.jit
    def scaled(x, out, FACTOR):
        pass
    scaled[(1,)](*data, FACTOR=2)
"""
NEEDS_A_DEVICE = DOUBLE.replace("@triton", """import os
if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
    raise RuntimeError("No CUDA GPUs are available")


@triton""")
BROKEN = DOUBLE.replace("FACTOR=2", "FACTOR=-2")


@unittest.skipUnless(levels() and os.geteuid() == 0 and shutil.which("g++"), "needs root, as a runner that records programs has it, and gcc")
class TritonKernels(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.mkdtemp(prefix="kiln-programs-", dir="/tmp")
        os.chmod(cls.folder, 0o755)
        cls.worker = Worker(cls.folder, [*TRITON[:-1]])
        modules = f"{cls.worker.modules}:{RUNNER.parents[2]}"
        cls.zygote = ZygoteProcess(modules, TRITON, recorder="test.python.programs.played_gpu")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.zygote.close()
        cls.worker.close()
        shutil.rmtree(cls.folder)

    def recorded(self, source: str, kernels: "list[Any]") -> Any:
        """What the sandbox answers once these kernels are compiled."""
        unit = unit_of(source)
        asked = {name: unit[name] for name in ("language", "architecture", "files", "entry", "environment")}
        reported, place = self.worker.build({**asked, "kernels": kernels} if kernels else asked)
        self.assertEqual(reported["status"], "compiled", reported)
        self.zygote.ask("one", "record", asked_of(unit), levels()[0], artifact=str(place))
        header, answer = self.zygote.next()
        self.assertEqual(header["how"], "answered", header)
        return answer

    def wanted(self, source: str) -> "list[Any]":
        answered = answer_of(self.recorded(source, []))
        assert isinstance(answered, Wants), answered
        return answered.kernels

    def finished(self, source: str) -> Any:
        return kept_of(self.recorded(source, self.wanted(source)), unit_of(source), "torch", "")

    def test_a_kernel_that_nobody_compiled_is_asked_for_and_found_once_it_is_compiled(self) -> None:
        [kernel] = self.wanted(DOUBLE)
        self.assertEqual(kernel["kernel"], "scaled")
        kept = self.finished(DOUBLE)
        self.assertIsInstance(kept, Kept, kept)
        self.assertIn("recorded case-0: scale", kept.meta["log"])

    def test_all_that_its_cases_launch_is_asked_for_at_once(self) -> None:
        self.assertEqual(len(self.wanted(CHAINED)), 3)
        self.assertIsInstance(self.finished(CHAINED), Kept)

    def test_one_that_tunes_itself_is_timed_shortly_and_only_once_its_kernels_are_there(self) -> None:
        self.assertEqual(len(self.wanted(TUNED)), 2)
        self.assertIsInstance(self.finished(TUNED), Kept)

    def test_what_a_kernels_compiler_says_is_the_verdict(self) -> None:
        outcome = self.finished(BROKEN)
        self.assertEqual(outcome["verdict"], "compile_error")
        self.assertIn("Triton kernel scaled does not compile", outcome["log"])
        self.assertIn("a factor below zero", outcome["log"])

    def test_a_kernel_that_cannot_be_found_by_its_name_is_told_with_what_to_do(self) -> None:
        answered = answer_of(self.recorded(INSIDE, []))
        assert isinstance(answered, Refused)
        self.assertEqual(answered.verdict, "contract")
        self.assertIn("define it at the top of a file, not inside of a function", answered.message)

    def test_a_kernel_of_a_file_that_needs_a_device_when_it_is_imported_is_told_with_what_to_do(self) -> None:
        self.assertIn("do what needs one in the first call", self.finished(NEEDS_A_DEVICE)["log"])


class WhatIsWanted(unittest.TestCase):
    """Comes out of a hostile process."""

    def test_only_kernels_with_a_key_a_name_and_base64_are_taken_and_not_too_many(self) -> None:
        good = {"key": "a" * 64, "kernel": "k", "call": "AAAA"}
        answered = answer_of(pack_wants([good, good]))
        assert isinstance(answered, Wants)
        self.assertEqual(answered.kernels, [good])
        spoilt: list[Any] = [
            {**good, "key": "../x"}, {**good, "key": 7}, {**good, "kernel": "k" * 999}, {**good, "call": "!"}, "text",
            {**good, "call": "A" * (CALL_CHARS_MAX + 1)},
        ]
        lists: list[Any] = [[], *([one] for one in spoilt), [{**good, "key": f"{n:064x}"} for n in range(KERNELS_MAX + 1)]]
        lists.append([{**good, "key": f"{n:064x}", "call": "A" * CALL_CHARS_MAX} for n in range(40)])
        for one in lists:
            with self.subTest(str(one)[:80]), self.assertRaises(NoAnswer):
                answer_of(pack_wants(one))


if __name__ == "__main__":
    unittest.main()
