"""Programs in the compile pool: built by their environment's own Python, cached by content, and fit to travel to the host that judges."""
import asyncio
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

from kiln_runner.artifacts import ArtifactCache
from kiln_runner.bundle import pack, unpack
from kiln_runner.compile.compilers import Compilers
from kiln_runner.compile.pool import CompilePool
from kiln_runner.compile.tools import Tools
from kiln_runner.process import Children
from kiln_runner.protocol import CompileResult
from test.python.programs.test_build import BROKEN, ENVIRONMENT, GOOD, NEEDS_A_DEVICE, unit
from test.python.programs.zygote_process import PYTHON

LIMIT_MS = 120_000
KEY = "ab" * 32


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("g++"), "needs root, as a runner with a user for each program has it, and g++")
class ProgramsInThePool(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kiln-pool-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("artifacts", "work"):
            (self.folder / name).mkdir()
        self.cache = ArtifactCache(self.folder / "artifacts")
        self.children = Children(asyncio.get_running_loop())
        self.addAsyncCleanup(self.children.end_all)
        compilers = Compilers(self.tools(), self.folder / "artifacts", self.folder / "work", simulated=False)
        self.pool = CompilePool(self.children, self.cache, compilers, 1)
        self.addCleanup(self.pool.stop)

    def tools(self) -> Tools:
        shutil.copytree(ENVIRONMENT, self.folder / "environment", ignore=shutil.ignore_patterns("__pycache__"))
        python = self.folder / "python3"
        python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{self.folder}/environment" exec {PYTHON} "$@"\n')
        python.chmod(0o755)
        subprocess.run(["chmod", "-R", "a+rX", self.folder], check=True)
        gcc: Any = {"path": shutil.which("g++"), "version": "g++"}
        environments: Any = [{"name": "torch", "path": str(python), "key": KEY}]
        return {"gcc": gcc, "nvrtc": None, "nvcc": None, "triton": None, "ncu": None, "environments": environments}

    async def build(self, asked: Any) -> CompileResult:
        done: asyncio.Future[CompileResult] = asyncio.get_running_loop().create_future()
        self.pool.compile("one", asked, LIMIT_MS, done.set_result)
        return await asyncio.wait_for(done, LIMIT_MS / 1000)

    async def test_what_was_built_is_an_artifact_that_travels_and_the_same_again_starts_nothing(self) -> None:
        built = await self.build(unit(GOOD))
        assert built["status"] == "compiled", built
        self.assertEqual((built["cached"], "finishesInRecorder" in built), (False, False))
        self.assertIn(KEY[:16], built["compiler"])
        contents = unpack(pack(self.folder / "artifacts" / built["artifact"]))
        self.assertEqual((contents.meta["language"], "program.json" in contents.files), ("python", True))
        self.pool.stop()
        again = await self.build(unit(GOOD))
        self.assertEqual((again["status"], again.get("cached")), ("compiled", True))

    async def test_one_that_needs_a_gpu_says_that_it_is_finished_where_it_is_recorded(self) -> None:
        built = await self.build(unit(NEEDS_A_DEVICE))
        self.assertTrue(built.get("finishesInRecorder"), built)

    async def test_what_a_compiler_refuses_is_the_programs_verdict(self) -> None:
        failed = await self.build(unit(BROKEN))
        assert failed["status"] == "failed", failed
        assert failed["outcome"]["verdict"] == "compile_error"
        self.assertIn("Error building extension 'twice'", failed["outcome"]["log"])

    async def test_an_environment_that_is_not_here_is_no_fault_of_the_program(self) -> None:
        missing = await self.build({**unit(GOOD), "environment": "jax"})
        assert missing["status"] == "infra", missing
        self.assertEqual(missing["failure"]["code"], "compiler_missing")
        self.assertIn("no environment jax for programs on this host (it has torch)", missing["failure"]["message"])


if __name__ == "__main__":
    unittest.main()
