"""A compile error is the source's only where the compiler said so of it: everything else is the host's, and says what."""
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Optional

from kiln_runner.compile.blame import check_headers, made_nothing
from kiln_runner.compile.c_gcc import compile_c
from kiln_runner.compile.cuda import compile_nvcc
from kiln_runner.compile.own_headers import CUDA, C, lacking
from kiln_runner.compile.pool import CompilePool, Run
from kiln_runner.compile.units import Built, Infra, compile_unit

from . import samples
from .small_disk import SmallDisk
from .test_compiling import HAS_GCC

GCC = shutil.which("gcc") or "gcc"


class Blaming(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="kiln-blame-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def fake(self, script: str) -> str:
        """A compiler that does this."""
        path = Path(self.folder, "fake-compiler")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def compile(self, compiler: str, source: str = samples.GOOD_C) -> Built:
        inside = tempfile.mkdtemp(dir=self.folder)
        return compile_c(compiler, samples.c_unit(source), inside)

    def blamed(self, compiler: str, source: str = samples.GOOD_C) -> "tuple[str, str]":
        with self.assertRaises(Infra) as raised:
            self.compile(compiler, source)
        return raised.exception.code, str(raised.exception)

    def test_a_compiler_that_says_nothing_convicts_nobody(self) -> None:
        self.assertEqual(self.blamed(self.fake("exit 1")), ("compiler_failed", "gcc ended with exit code 1 and said nothing"))
        self.assertEqual(self.blamed(self.fake("exit 0"))[0], "compiler_failed")

    def test_a_compiler_that_somebody_kills_convicts_nobody(self) -> None:
        code, message = self.blamed(self.fake("kill -9 $$"))
        self.assertEqual((code, "signal 9" in message), ("compiler_failed", True))
        for words in (
            "gcc: fatal error: Killed signal terminated program cc1\ncompilation terminated.",
            "collect2: fatal error: ld terminated with signal 9 [Killed]",
            "nvcc error   : 'cicc' died due to signal 9 (Kill signal)",
            "ptxas fatal   : Memory allocation failure",
        ):
            self.assertEqual(self.blamed(self.fake(f'echo "{words}" >&2; exit 1'))[0], "compiler_failed", words)

    def test_a_compiler_that_is_missing_or_lacks_a_part_convicts_nobody(self) -> None:
        self.assertEqual(self.blamed(os.path.join(self.folder, "no-such-gcc"))[0], "compiler_missing")
        Path(self.folder, "not-a-program").write_text("x")
        self.assertEqual(self.blamed(os.path.join(self.folder, "not-a-program"))[0], "compiler_missing")
        words = "gcc: fatal error: cannot execute 'cc1': execvp: No such file or directory"
        self.assertEqual(self.blamed(self.fake(f'echo "{words}" >&2; exit 1'))[0], "compiler_missing")
        with self.assertRaises(Infra):
            compile_nvcc(os.path.join(self.folder, "no-nvcc"), samples.cuda_unit("x"), self.folder)

    def test_a_full_disk_convicts_nobody(self) -> None:
        words = "/tmp/x.s: Fatal error: cannot write to /tmp/x.o: No space left on device"
        self.assertEqual(self.blamed(self.fake(f'echo "{words}" >&2; exit 1'))[0], "out_of_disk")

    @unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
    def test_a_disk_that_fills_up_while_gcc_works_convicts_nobody(self) -> None:
        with SmallDisk(self.folder, "2m") as disk:
            Path(disk, "filler").write_bytes(b"x" * (2 * 1024 * 1024 - 64 * 1024))
            job = {
                "unit": samples.c_unit("int x[100000] = {1};\n" + samples.GOOD_C), "work": disk, "artifacts": disk, "artifact": "a" * 64,
                "compiler": "gcc",
            }
            answer = compile_unit(job, lambda unit, folder: compile_c(GCC, unit, folder))
        self.assertEqual((answer["status"], answer.get("code")), ("infra", "out_of_disk"), answer)

    @unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
    def test_a_source_that_starts_threads_or_processes_is_refused_with_their_names(self) -> None:
        for name, source in (
            ("pthread_create", "#include <pthread.h>\nvoid f(void) { pthread_t t; pthread_create(&t, 0, 0, 0); }\n"),
            ("thrd_create", "#include <threads.h>\nvoid f(void) { thrd_t t; thrd_create(&t, 0, 0); }\n"),
            ("fork", "#include <unistd.h>\nvoid f(void) { fork(); }\n"),
            ("system", "#include <stdlib.h>\nvoid f(void) { system(0); }\n"),
        ):
            built = self.compile(GCC, source)
            self.assertEqual(built.files, {}, source)
            self.assertIn(f"{name} is not allowed: a candidate in C runs on one thread", built.log)
        named = "static int system_of(int fork) { return fork; }\nint f(int x) { return system_of(x); }\n"
        self.assertNotEqual(self.compile(GCC, named).files, {})

    @unittest.skipUnless(HAS_GCC, "gcc is not installed: apt-get install gcc")
    def test_what_gcc_says_of_the_source_is_the_sources(self) -> None:
        for source, words in (
            ("int f(void) { return x; }\n", "candidate.c:1:22: error:"),
            ('#include "mine.h"\n', "mine.h: No such file"),
            ('void f(void) { __asm__("nonsense"); }\n', "Error: no such instruction"),
            ("char big[1UL << 40] = {1};\nint f(void) { return 0; }\n", ""),
        ):
            built = self.compile(GCC, source)
            self.assertEqual(built.files, {}, source)
            self.assertIn(words, built.log)

    def test_a_source_that_breaks_a_limit_of_ours_is_told_which(self) -> None:
        for words in ("CPU time limit exceeded", "File size limit exceeded"):
            built = self.compile(self.fake(f'echo "gcc: fatal error: {words} signal terminated program cc1" >&2; exit 1'))
            self.assertIn(f"the source needs more than gcc may use: {words}", built.log)

    def test_a_worker_that_is_killed_twice_convicts_nobody_and_one_that_crashes_twice_its_source(self) -> None:
        run = Run("a" * 64, samples.c_unit(), 1000)
        pool = CompilePool.__new__(CompilePool)
        pool._failed = lambda _run, outcome: {"status": "failed", "outcome": outcome}
        self.assertEqual(pool._died(run, None, -9)["failure"]["code"], "compiler_failed")
        self.assertEqual(pool._died(run, None, -11)["outcome"]["verdict"], "compile_error")


class Headers(unittest.TestCase):
    def lack(self, log: str, headers: object = CUDA, source: str = "candidate.cu") -> Optional[str]:
        try:
            check_headers(log, source, headers)
        except Infra as failure:
            self.assertEqual(failure.code, "toolchain_incomplete")
            return str(failure)
        return None

    def test_a_header_of_the_tool_chain_that_is_missing_is_the_hosts_lack(self) -> None:
        for log in (
            'candidate.cu(1): catastrophic error: cannot open source file "nv/target"\n',
            'candidate.cu(1): catastrophic error: could not open source file "cooperative_groups.h" (no directories in search list)\n',
            'candidate.cu(3): catastrophic error: cannot open source file "cuda/std/array"\n',
            'In file included from candidate.cu:1:\ncandidate.cu:1:10: fatal error: cuda_fp16.h: No such file or directory\n',
            '/opt/x/include/cuda_pipeline.h(12): catastrophic error: cannot open source file "some/part.h"\n',
        ):
            self.assertIn("nvidia-cuda-cccl", self.lack(log) or "", log)
        self.assertIn("libc6-dev", self.lack("candidate.c:1:10: fatal error: math.h: No such file or directory\n", C, "candidate.c") or "")

    def test_a_header_that_only_the_candidate_names_is_its_own_error(self) -> None:
        for name in ("mine.h", "cutlass/cutlass.h", "cuda/mine.h", "nv/mine"):
            self.assertIsNone(self.lack(f'candidate.cu(2): catastrophic error: cannot open source file "{name}"\n'), name)
            self.assertIsNone(self.lack(f"candidate.cu:2:10: fatal error: {name}: No such file or directory\n"), name)
        self.assertIsNone(self.lack("candidate.cu(2): error: expected a ;\n"))

    def test_what_a_folder_of_headers_lacks_is_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "nv").mkdir()
            for name in ("cuda_fp16.h", "nv/target"):
                Path(folder, name).write_text("")
            self.assertEqual(lacking([folder]), ["cuda_bf16.h", "cooperative_groups.h", "mma.h", "cuda/std/type_traits", "cuda/barrier"])

    def test_nvrtc_without_a_word_convicts_nobody(self) -> None:
        with self.assertRaises(Infra):
            made_nothing("NVRTC", 1, "", "/")
        self.assertEqual(made_nothing("NVRTC", 1, 'candidate.cu(1): error: identifier "x" is undefined', "/").files, {})
        self.assertEqual(made_nothing("NVRTC", 1, " ptxas error   : Entry function 'k' uses too much shared data", "/").files, {})


if __name__ == "__main__":
    unittest.main()
