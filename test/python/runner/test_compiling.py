"""Compiling through a real server with real gcc: verdicts, the cache, limits, and what a source may not read."""
import os
import shutil
import unittest
from pathlib import Path

from test.python.asked_again import until_given_time

from . import samples
from .drive import AMPLE_MS, Runner, wait_until

# 2^100 inclusions of itself, none of them an error.
ENDLESS = "#if __INCLUDE_LEVEL__ < 100\n" + '#include "candidate.c"\n' * 2 + "#endif\n"
HAS_GCC = shutil.which("gcc") is not None


@unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
class CompilingC(unittest.TestCase):
    runner: Runner

    @classmethod
    def setUpClass(cls) -> None:
        cls.runner = Runner(KILN_TRITON_PYTHON="").__enter__()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.__exit__()

    def setUp(self) -> None:
        self.client = self.runner.client()
        self.client.attach()

    def test_a_good_source_becomes_an_artifact_with_its_functions(self) -> None:
        result = self.client.compile(samples.c_unit("int scaled(int x) { return x * FACTOR; }\n", FACTOR=3))
        self.assertEqual((result["status"], result["cached"]), ("compiled", False))
        folder = Path(self.runner.folder) / "cache/artifacts" / result["artifact"]
        self.assertEqual(sorted(os.listdir(folder)), ["code.so", "meta.json"])
        self.assertIn('"scaled"', (folder / "meta.json").read_text())

    def test_the_same_source_comes_from_the_cache_and_another_param_does_not(self) -> None:
        first = self.client.compile(samples.c_unit("int f(void) { return N; }", N=1))
        again = self.client.compile(samples.c_unit("int f(void) { return N; }", N=1))
        other = self.client.compile(samples.c_unit("int f(void) { return N; }", N=2))
        self.assertEqual((again["cached"], again["artifact"]), (True, first["artifact"]))
        self.assertEqual((other["cached"], other["artifact"] == first["artifact"]), (False, False))

    def test_identical_compiles_at_once_share_one_run(self) -> None:
        unit = samples.c_unit("int shared_run(void) { return 7; }")
        for index in range(4):
            self.client.send({"type": "compile", "compileId": f"same-{index}", "unit": unit, "limitMs": AMPLE_MS})
        frames = [self.client.wait("compiled", lambda frame, i=index: frame["compileId"] == f"same-{i}") for index in range(4)]
        results = [frame["result"] for frame in frames]
        self.assertEqual(len({result["artifact"] for result in results}), 1)
        # One run has one duration; runs of their own would each have another.
        self.assertEqual(len({result["durationMs"] for result in results if not result["cached"]}), 1)

    def test_an_error_names_the_line_and_no_path_of_the_host(self) -> None:
        outcome = self.client.compile(samples.c_unit("int f(void) {\n  return undefined_name;\n}\n"))["outcome"]
        self.assertEqual(outcome["verdict"], "compile_error")
        self.assertIn("candidate.c:2", outcome["log"])
        self.assertNotIn(self.runner.folder, outcome["log"])

    def test_a_param_by_an_everyday_name_breaks_no_header_and_lines_keep_their_numbers(self) -> None:
        source = "/* kiln */\n#include <stdlib.h>\n#include <math.h>\nint f(int x) { return x + size; }\n"
        self.assertEqual(self.client.compile(samples.c_unit(source, size=4))["status"], "compiled")
        log = self.client.compile(samples.c_unit(source + "int g(void) { return oops; }\n", size=4))["outcome"]["log"]
        self.assertIn("candidate.c:5:22: error: 'oops' undeclared", log)

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        self.assertEqual(self.client.compile(samples.c_unit("\ufeff#include <math.h>\nint f(void) { return 1; }\n"))["status"], "compiled")

    def test_a_huge_log_is_cut(self) -> None:
        lines = [f"type_{'x' * 900}_{index} x;" for index in range(100)]
        outcome = self.client.compile(samples.c_unit("\n".join(lines)))["outcome"]
        self.assertEqual(outcome["verdict"], "compile_error")
        self.assertLessEqual(len(outcome["log"]), 64 * 1024)
        self.assertIn("characters cut", outcome["log"])

    def test_an_endless_compile_ends_at_its_limit_with_its_compiler_and_the_next_one_works(self) -> None:
        result = until_given_time(lambda: self.client.compile(samples.c_unit(ENDLESS), limit_ms=700))
        self.assertEqual(result["outcome"], {"verdict": "timed_out", "stage": "compile", "case": "", "limitMs": 700})
        wait_until(lambda: not any("cc1" in line for line in self.runner.processes()), "the compiler is gone")
        self.assertEqual(self.client.compile(samples.c_unit("int after(void) { return 1; }"))["status"], "compiled")

    def test_a_cancelled_compile_ends_at_once_and_frees_its_place(self) -> None:
        for index in range(8):
            unit = samples.c_unit(ENDLESS + f"// {index}\n")
            self.client.send({"type": "compile", "compileId": f"endless-{index}", "unit": unit, "limitMs": AMPLE_MS})
        for index in range(8):
            self.client.send({"type": "cancel_compile", "compileId": f"endless-{index}"})
        for index in range(8):
            frame = self.client.wait("compiled", lambda frame, i=index: frame["compileId"] == f"endless-{i}")
            self.assertEqual(frame["result"]["outcome"], {"verdict": "cancelled"})
        self.assertEqual(self.client.compile(samples.c_unit("int freed(void) { return 1; }"))["status"], "compiled")

    def test_sources_that_read_files_of_the_host_are_refused_by_name(self) -> None:
        sources = (
            '#include "/etc/hostname"', '#include </etc/hostname>', '  #  include "../../secret.h"',
            '#define P "/etc/hostname"\n#include P',
            '#/* */include "/etc/hostname"', '#inc\\\nlude "/etc/hostname"', '%:include "/etc/hostname"',
            'const char* a = "/*";\n#include "/etc/hostname"\nconst char* b = "*/";', '__asm__(".incbin \\"/etc/hostname\\"");',
            '#if __has_include("/etc/hostname")\n#endif', '#include "x/../../y"',
            '__asm__(".inc" "bin \\"/etc/hostname\\"");', '__asm__("\\x2einclude \\"/etc/hostname\\"");',
            '#define DOT "."\n__asm__(DOT "macro g a, b\\n.\\\\a\\\\b \\"/etc/hostname\\"\\n.endm\\n g inc, bin");',
        )
        for source in sources:
            outcome = self.client.compile(samples.c_unit(source + "\nint f(void) { return 0; }\n"))["outcome"]
            self.assertEqual(outcome["verdict"], "compile_error", source)
            self.assertIn("not allowed", outcome["log"], source)

    def test_system_headers_by_name_are_fine(self) -> None:
        source = '#include <math.h>\n#include "stdint.h"\n#include <sys/types.h>\nfloat f(float x) { return sqrtf(x); }\n'
        self.assertEqual(self.client.compile(samples.c_unit(source))["status"], "compiled")

    def test_a_source_that_needs_too_much_memory_is_a_compile_error(self) -> None:
        outcome = self.client.compile(samples.c_unit("char big[1UL << 40] = {1};\nint f(void) { return 0; }\n"))["outcome"]
        self.assertEqual(outcome["verdict"], "compile_error")

    def test_a_language_without_a_compiler_says_what_to_install(self) -> None:
        result = self.client.compile({**samples.c_unit("x"), "language": "triton", "architecture": "sm_90a"})
        self.assertEqual(result["failure"]["code"], "compiler_missing")


class CompilingForSimulatedDevices(unittest.TestCase):
    def test_no_compiler_runs_and_the_hash_is_the_artifact(self) -> None:
        with Runner(KILN_SIMULATED_DEVICES="1") as runner:
            client = runner.client()
            self.assertIn("simulated", client.attach()["inventory"]["warnings"][0])
            first = client.compile(samples.cuda_unit("not even CUDA"))
            self.assertEqual(first["status"], "compiled")
            self.assertEqual(client.compile(samples.cuda_unit("not even CUDA"))["artifact"], first["artifact"])


if __name__ == "__main__":
    unittest.main()
