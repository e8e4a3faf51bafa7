"""Precompiled headers make compiling faster and change nothing else: with a compiler that plays NVRTC, and with NVRTC where there is one."""
import re
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from kiln_runner.compile import precompiled
from kiln_runner.compile.nvrtc import Compiled, Nvrtc, NvrtcFailure, defines, nvrtc_options
from kiln_runner.compile.opening import opening_of
from kiln_runner.compile.params import place_params
from kiln_runner.compile.precompiled import PrecompiledHeaders
from kiln_runner.host.toolchain import find_nvrtc

from .drive import REPOSITORY

OPTIONS = ["--gpu-architecture=sm_90a"]
SOURCE = "/* kiln */\n#include <a.h>\n\nint x = N;\n"
FOUND = find_nvrtc()


class PlayedNvrtc:
    """Keeps what it was asked. `fails_with`: what a compile with precompiled headers gives."""

    precompiles = True

    def __init__(self, folder: Path) -> None:
        self.includes = [str(folder)]
        self.asked: list[tuple[str, list[str]]] = []
        self.makes, self.warns_of_headers = True, ""
        self.fails_with: Optional[str] = None
        self.is_broken = False

    def compile(self, source: str, options: list[str], _names: Sequence[str] = ()) -> Compiled:
        self.asked.append((source, options))
        made = next((option.split("=", 1)[1] for option in options if option.startswith("--create-pch=")), None)
        if made and self.makes:
            Path(made).write_bytes(b"12345")
        if any(option.startswith("--use-pch=") for option in options):
            if self.is_broken:
                raise NvrtcFailure("the heap is full")
            if self.fails_with is not None:
                return Compiled(None if self.fails_with == "error" else b"odd", self.fails_with, {})
        return Compiled(b"cubin", self.warns_of_headers if made else "", {})

    @property
    def kinds(self) -> list[str]:
        """Of what was asked since the last look: make, use or plain."""
        asked, self.asked = self.asked, []
        return [next((o[2:5] for o in options if "-pch=" in o), "plain") for _, options in asked]


class Deciding(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "a.h").write_text('#if SIZE\n#include "deep/b.h"\n#endif\n')
        (self.folder / "deep").mkdir()
        (self.folder / "deep/b.h").write_text("int width;\n")
        self.nvrtc = PlayedNvrtc(self.folder)
        self.headers = PrecompiledHeaders(self.nvrtc, folder.name)
        self.set_limit("FREE_BYTES_LEAST", 0)

    def set_limit(self, name: str, value: int) -> None:
        self.addCleanup(setattr, precompiled, name, getattr(precompiled, name))
        setattr(precompiled, name, value)

    def compile(self, source: str = SOURCE, **params: object) -> list[str]:
        self.last = self.headers.compile(source, params, OPTIONS)
        return self.nvrtc.kinds

    def test_headers_are_compiled_apart_when_they_come_again_and_used_from_then_on(self) -> None:
        self.assertEqual([self.compile(N=n) for n in (1, 2, 3, 4)], [["plain"], ["cre", "use"], ["use"], ["use"]])

    def test_params_are_defined_behind_the_headers_and_lines_keep_their_numbers(self) -> None:
        self.compile(N=1)
        self.headers.compile(SOURCE, {"N": 2, "TYPE": "float4"}, OPTIONS)
        source, options = self.nvrtc.asked[-1]
        self.assertEqual(
            source,
            "/* kiln */\n#include <a.h>\n#pragma nv_hdrstop\n#define N 2\n#define TYPE float4\n#line 3\n\nint x = N;\n",
        )
        self.assertFalse([option for option in options if "define" in option])

    def test_params_that_are_meant_for_headers_are_defined_before_them(self) -> None:
        for name in ("__HALF", "NDEBUG", "CUDA_NO_HALF"):
            self.compile()
            self.headers.compile(SOURCE, {name: 1, "N": 2}, OPTIONS)
            source, options = self.nvrtc.asked[-1]
            self.assertEqual((options, source), ([*OPTIONS, f"--define-macro={name}=1"], SOURCE.replace("\n\nint", "\n#define N 2\n#line 3\n\nint")))

    def test_what_does_not_compile_is_compiled_plainly_and_that_counts(self) -> None:
        self.compile()
        self.nvrtc.fails_with = "error"
        self.assertEqual(self.compile(), ["cre", "use", "plain"])
        self.assertEqual(self.last, (b"cubin", "", {}))
        self.assertEqual(self.compile(), ["plain"], "the headers are to blame, since it compiles without")

    def test_headers_that_the_compiler_refuses_are_given_up(self) -> None:
        self.compile()
        self.nvrtc.fails_with = 'the precompiled header file "x" is not for this process'
        self.assertEqual([self.compile(), self.compile()], [["cre", "use", "plain"], ["plain"]])
        self.assertEqual(self.last[0], b"cubin")
        self.assertEqual(list(self.folder.glob("headers-*/*")), [])

    def test_a_compiler_that_fails_over_precompiled_headers_is_asked_without(self) -> None:
        self.compile()
        self.nvrtc.is_broken = True
        self.assertEqual([self.compile(), self.compile()], [["cre", "use", "plain"], ["plain"]])

    def test_headers_that_cannot_be_made_or_warn_are_not_tried_again(self) -> None:
        for spoil in ({"makes": False}, {"warns_of_headers": "warning: odd header"}):
            nvrtc = PlayedNvrtc(self.folder)
            vars(nvrtc).update(spoil)
            self.headers, self.nvrtc = PrecompiledHeaders(nvrtc, str(self.folder)), nvrtc
            self.assertEqual([self.compile() for _ in range(3)], [["plain"], ["cre", "plain"], ["plain"]], spoil)

    def test_a_disk_that_is_nearly_full_is_left_alone(self) -> None:
        self.set_limit("FREE_BYTES_LEAST", 2**62)
        self.assertEqual([self.compile() for _ in range(3)], [["plain"]] * 3)
        self.set_limit("FREE_BYTES_LEAST", 0)
        self.assertEqual(self.compile(), ["cre", "use"])

    def test_an_old_compiler_is_asked_plainly(self) -> None:
        self.nvrtc.precompiles = False
        self.assertEqual([self.compile(), self.compile()], [["plain"], ["plain"]])

    def test_files_of_headers_that_were_not_used_for_longest_make_room(self) -> None:
        self.set_limit("BYTES_MAX", 12)
        sources = [f"#include <{name}.h>\n" for name in ("a", "b", "c")]
        for source in sources:
            self.compile(source)
            self.compile(source)
        self.assertEqual(len(list(self.folder.glob("headers-*/*"))), 2)
        self.assertEqual([self.compile(source) for source in reversed(sources)], [["use"], ["use"], ["plain"]])
        self.assertEqual([self.compile(sources[0]) for _ in range(3)], [["plain"], ["plain"], ["cre", "use"]], "twice as often as at first")


class Openings(unittest.TestCase):
    def opening(self, source: str) -> Optional[tuple[str, tuple[str, ...]]]:
        found = opening_of(source)
        return (source[: found.end], found.includes) if found else None

    def test_it_is_the_comments_and_includes_before_anything_else(self) -> None:
        head = "/* kiln\n#include <no.h>\n*/\n// #include <no.h>\n  # include <a.h> // why\n\n#include <b/c.h>\n"
        self.assertEqual(self.opening(head + "\n/* x\n*/ int x;\n#include <d.h>\n"), (head, ("a.h", "b/c.h")))

    def test_a_line_that_is_more_than_an_include_ends_it(self) -> None:
        self.assertIsNone(self.opening("int x;\n#include <a.h>\n"))
        self.assertIsNone(self.opening("#define X\n#include <a.h>\n"))
        self.assertIsNone(self.opening("#include <a.h> /* x\n*/\n"))
        self.assertIsNone(self.opening("#include <a.h>"))
        self.assertIsNone(self.opening('#include "a.h"\n'))

    def test_lines_that_a_backslash_joins_are_left_alone(self) -> None:
        self.assertIsNone(self.opening("// comment \\\n#include <a.h>\nint x;\n"))
        self.assertIsNone(self.opening("#include <a.h> // ??/\n#include <b.h>\n"))


@unittest.skipUnless(FOUND and FOUND["includes"], "no NVRTC with headers on this machine: set CUDA_HOME to a toolkit")
class WithNvrtc(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, precompiled, "FREE_BYTES_LEAST", precompiled.FREE_BYTES_LEAST)
        precompiled.FREE_BYTES_LEAST = 0
        self.nvrtc = Nvrtc(FOUND["path"], FOUND["includes"])
        if not self.nvrtc.precompiles:
            self.skipTest("this NVRTC is older than 12.8")
        self.folder, self.headers = Path(folder.name), PrecompiledHeaders(self.nvrtc, folder.name)

    def assert_same(self, source: str, params: dict) -> None:
        options = nvrtc_options("sm_90a")
        placed = place_params(source, params, opening_of(source))
        plain = self.nvrtc.compile(placed.source, options + defines(placed.before))
        for _ in range(3):
            built = self.headers.compile(source, params, options)
            self.assertEqual(built.cubin, plain.cubin)
            self.assertEqual(without_times(built.log), without_times(plain.log))

    def test_code_and_log_are_the_same_with_and_without(self) -> None:
        body = 'extern "C" __global__ void k(half* p) { int unused; __shared__ char s[__COUNTER__ + 1]; p[N] = p[__LINE__]; }\n'
        self.assert_same(f"/* kiln */\n#include <cuda_fp16.h>\n#include <mma.h>\n{body}", {"N": 3})
        self.assertEqual(len(list(self.folder.glob("headers-*/*.pch"))), 1)
        for broken in (body.replace("p[N]", "p[N"), body.replace("p[N]", "q[N]")):
            self.assert_same(f"/* kiln */\n#include <cuda_fp16.h>\n#include <mma.h>\n{broken}", {"N": 3})

    def test_params_by_everyday_names_break_no_header(self) -> None:
        for head in ("#include <cuda_fp16.h>\n#include <cooperative_groups.h>\n", "", "/* kiln */\n"):
            for name in ("T", "N", "half2_", "Ty", "size"):
                source = f'{head}extern "C" __global__ void k(float* p) {{ p[threadIdx.x] = {name}; }}\n'
                self.assert_same(source, {name: 4})
                self.assertIsNotNone(self.headers.compile(source, {name: 4}, nvrtc_options("sm_90a")).cubin)

    def test_lines_keep_their_numbers_behind_params(self) -> None:
        source = '/* kiln\n*/\n#include <cuda_fp16.h>\n\nextern "C" __global__ void k(float* p) { p[T] = oops; }\n'
        log = self.headers.compile(source, {"T": 4, "U": 5}, nvrtc_options("sm_90a")).log
        self.assertIn('candidate.cu(5): error: identifier "oops" is undefined', log)
        self.assertIn("p[T] = oops", log)

    def test_every_kernel_of_ours_comes_out_byte_for_byte(self) -> None:
        for file in sorted((REPOSITORY / "kernels").glob("*/baseline.cu")):
            source = file.read_text()
            declared = re.search(r"params: \{(.*?)\}", source)
            self.assert_same(source, dict(re.findall(r"(\w+): (\d+)", declared.group(1))) if declared else {})


def without_times(log: str) -> str:
    return re.sub(r"Compile time = \S+ ms", "", log)


if __name__ == "__main__":
    unittest.main()
