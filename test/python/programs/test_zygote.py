"""A zygote imports once and forks sandboxed copies; what an import does wrong is told by name, and nothing outlives it."""
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from kiln_runner.compile.confinement import NAMESPACES_LEVEL
from test.python.asked_again import until_given_time
from test.python.programs.what_is_left import processes_of_programs, processes_that_stay
from test.python.programs.zygote_process import ZygoteProcess

# Stands for the driver's library: the same two calls.
DRIVER = r"""
static int started;
int cuInit(unsigned flags) { started = 1; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return started ? 0 : 3; }
"""
GOOD = "import threading\nVALUE = 7\n__version__ = '2.11.0'\n"
STARTS_CUDA = "import ctypes\nctypes.CDLL('libcuda.so.1').cuInit(0)\n"
LOADS_CUDA = "import ctypes\nctypes.CDLL('libcuda.so.1')\n"


def program(source: str, symbol: str = "custom_kernel", **more: str) -> dict[str, Any]:
    files = [{"path": "submission.py", "content": source}, *({"path": f"{name}.py", "content": text} for name, text in more.items())]
    return {"files": files, "entry": {"file": "submission.py", "symbol": symbol, "style": "custom_kernel"}}


@unittest.skipUnless(os.geteuid() == 0, "needs root, as a runner with a user for each program has it")
class Forking(unittest.TestCase):
    def setUp(self) -> None:
        self.modules = tempfile.mkdtemp(prefix="kiln-environment-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.modules)
        os.chmod(self.modules, 0o755)
        self.write("framework", GOOD)

    def write(self, name: str, text: str) -> None:
        Path(self.modules, f"{name}.py").write_text(text, encoding="ascii")

    def zygote(self, *imports: str, **variables: str) -> ZygoteProcess:
        zygote = ZygoteProcess(self.modules, list(imports), **variables)
        self.addCleanup(lambda: zygote.process.poll() is None and zygote.close())
        return zygote

    def looked_at(self, zygote: ZygoteProcess, asked: dict[str, Any], **bounds: Any) -> "tuple[dict, Any]":
        zygote.ask("one", "look", asked, NAMESPACES_LEVEL, bounds)
        header, answer = zygote.next()
        return header, json.loads(answer) if answer else None

    def test_what_is_there_is_imported_and_what_is_not_is_left_out(self) -> None:
        self.write("broken", "import no_such_module_of_anybody\n")
        self.write("raises", "raise RuntimeError('no licence')\n")
        ready = self.zygote("framework", "absent", "absent.part", "broken", "raises").ready
        self.assertEqual(ready["imported"], {"framework": "2.11.0"})
        self.assertEqual(len(ready["warnings"]), 2, ready)
        self.assertIn("broken cannot be imported: No module named 'no_such_module_of_anybody'", ready["warnings"][0])
        self.assertIn("raises cannot be imported: RuntimeError: no licence", ready["warnings"][1])

    def test_a_copy_has_what_was_imported_and_its_own_files(self) -> None:
        source = "import sys, framework, part\nassert framework.VALUE == 7 and 'framework' in sys.modules\ncustom_kernel = part.run\n"
        _, answer = self.looked_at(self.zygote("framework"), program(source, part="def run(data):\n    return data\n"))
        self.assertEqual(answer, {"callable": "custom_kernel"})

    def test_what_a_program_does_wrong_when_it_is_imported_is_told(self) -> None:
        zygote = self.zygote("framework")
        for source, words in (
            ("import helpers_of_somebody\n", "ModuleNotFoundError: No module named 'helpers_of_somebody'"),
            ("def other(data): return data\n", "submission.py defines no custom_kernel that can be called"),
            ("def custom_kernel(:\n", "SyntaxError"),
            ("raise SystemExit(0)\n", "SystemExit"),
        ):
            header, answer = self.looked_at(zygote, program(source))
            self.assertEqual(header["how"], "answered", header)
            self.assertIn(words, answer["error"])
        header, _ = self.looked_at(zygote, program("import os\nos._exit(0)\n"))
        self.assertEqual((header["how"], header["status"]), ("ended", 0))

    def test_names_of_files_that_lead_elsewhere_are_refused(self) -> None:
        zygote = self.zygote("framework")
        for path in ("../x.py", "/etc/x.py", ".hidden.py", "a//b.py", "a/../b.py", "x\n.py", ""):
            asked = program("custom_kernel = print\n")
            asked["files"].append({"path": path, "content": ""})
            self.assertIn("a file is called", self.looked_at(zygote, asked)[1]["error"])

    def test_programs_run_beside_each_other_and_are_stopped_one_by_one(self) -> None:
        zygote = self.zygote("framework")
        forever = program("import time\ntime.sleep(3600)\n")
        for name in ("a", "b"):
            zygote.ask(name, "look", forever, NAMESPACES_LEVEL)
        zygote.ask("c", "look", program("custom_kernel = print\n"), NAMESPACES_LEVEL)
        self.assertEqual(zygote.next()[0]["id"], "c")
        zygote.stop("b")
        header, _ = zygote.next()
        self.assertEqual((header["id"], header["how"]), ("b", "suspended"))
        zygote.stop("a")
        self.assertEqual(zygote.next()[0]["id"], "a")
        self.assertEqual(processes_that_stay(), [])

    def test_the_limit_of_one_is_its_own(self) -> None:
        zygote = self.zygote("framework")
        header, _ = until_given_time(lambda: self.looked_at(zygote, program("while True: pass\n"), limit_s=1.0))
        self.assertEqual((header["how"], header["why"]), ("timed_out", "it did not end within 1 s"))

    def test_nothing_outlives_the_zygote(self) -> None:
        for end in ("closed", "killed"):
            with self.subTest(end):
                zygote = self.zygote("framework")
                zygote.ask("a", "look", program("print('here', flush=True)\nimport time\ntime.sleep(3600)\n"), NAMESPACES_LEVEL)
                self.wait_for(lambda: len(processes_of_programs()) > 0)
                if end == "closed":
                    zygote.close()
                else:
                    zygote.process.kill()
                    zygote.process.wait(600)
                    zygote.process.stdin.close()
                    zygote.process.stdout.close()
                self.assertEqual(processes_that_stay(), [])

    def test_the_sandbox_holds_in_a_copy(self) -> None:
        secret = tempfile.mkdtemp(prefix="kiln-test-secret-", dir="/tmp")
        self.addCleanup(shutil.rmtree, secret)
        os.chmod(secret, 0o777)
        Path(secret, "file").write_text("secret", encoding="ascii")
        zygote = self.zygote("framework")
        zygote.ask("one", "hold", {"secret": f"{secret}/file", "hasDevice": False}, NAMESPACES_LEVEL)
        header, answer = zygote.next()
        self.assertEqual((header["how"], json.loads(answer)), ("answered", []), header)

    def test_what_the_runner_has_in_its_environment_reaches_no_program(self) -> None:
        source = "import os\nassert 'KILN_TOKEN' not in os.environ, 'leaked'\nassert os.environ['HOME'] == os.getcwd()\ncustom_kernel = print\n"
        self.assertEqual(self.looked_at(self.zygote("framework", KILN_TOKEN="secret"), program(source))[1], {"callable": "custom_kernel"})

    @unittest.skipUnless(shutil.which("gcc"), "gcc is not here")
    def test_where_an_import_keeps_its_cache_is_gone_before_programs_come_and_each_has_a_place_of_its_own(self) -> None:
        """As PyTorch's compiler does, that is imported where a program asks to be deterministic."""
        cache = (
            "import os, tempfile\nNAME = 'TORCHINDUCTOR_CACHE_DIR'\ndef cache_dir():\n"
            "    found = os.environ.setdefault(NAME, os.path.join(tempfile.gettempdir(), 'torchinductor_me'))\n"
            "    os.makedirs(found, exist_ok=True)\n    return found\nFIRST = cache_dir()\nCOMPILES = os.environ['TORCHINDUCTOR_COMPILE_THREADS']\n"
        )
        self.write("cache", cache)
        zygote = self.zygote("framework", "cache", TORCHINDUCTOR_CACHE_DIR="/nowhere")
        source = (
            "import os, cache\nassert cache.COMPILES == '1'\nassert not os.path.exists(cache.FIRST), cache.FIRST\n"
            "assert cache.cache_dir().startswith(os.getcwd()), cache.cache_dir()\ncustom_kernel = print\n"
        )
        _, looked = self.looked_at(zygote, program(source))
        self.assertEqual(looked, {"callable": "custom_kernel"})

    def test_a_program_that_asks_pytorch_to_be_deterministic_finds_what_that_needs(self) -> None:
        source = "import os\nassert os.environ.get('CUBLAS_WORKSPACE_CONFIG') in (':4096:8', ':16:8'), os.environ\ncustom_kernel = print\n"
        _, looked = self.looked_at(self.zygote("framework"), program(source))
        self.assertEqual(looked, {"callable": "custom_kernel"})

    def test_an_import_that_starts_cuda_is_told_by_name(self) -> None:
        Path(self.modules, "driver.c").write_text(DRIVER, encoding="ascii")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", f"{self.modules}/libcuda.so.1", f"{self.modules}/driver.c"], check=True, timeout=600)
        self.write("loads", LOADS_CUDA)
        self.write("starts", STARTS_CUDA)
        ready = self.zygote("framework", "loads", "starts", "json", LD_LIBRARY_PATH=self.modules).ready
        self.assertEqual([words.split(",")[0] for words in ready["warnings"]], ["importing starts starts CUDA"])
        self.assertNotIn("json", ready["imported"])

    def wait_for(self, is_so: Any, limit_s: float = 600.0) -> None:
        deadline = time.monotonic() + limit_s
        while not is_so():
            self.assertLess(time.monotonic(), deadline)
            os.sched_yield()


@unittest.skipUnless(os.environ.get("KILN_MEASURE"), "a measurement, not a test: KILN_MEASURE=1")
class Costs(unittest.TestCase):
    def test_how_long_a_copy_takes(self) -> None:
        with tempfile.TemporaryDirectory(dir="/tmp") as modules:
            os.chmod(modules, 0o755)
            zygote = ZygoteProcess(modules, ["json"])
            took = []
            for number in range(20):
                started = time.monotonic()
                zygote.ask(str(number), "look", program("custom_kernel = print\n"), NAMESPACES_LEVEL)
                zygote.next()
                took.append(time.monotonic() - started)
            zygote.close()
        print(f"from asked to told: median {statistics.median(took) * 1e3:.0f} ms of {len(took)}")
