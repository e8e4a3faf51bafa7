"""The build stage: a program's entry file is imported once without a GPU. What it built is an artifact; what a compiler refused is its verdict."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, Optional

from kiln_runner.compile.artifact import artifact_hash
from kiln_runner.compile.confinement import NAMESPACES_LEVEL
from kiln_runner.frames import encode, read_frame
from test.python.programs.zygote_process import PYTHON, RUNNER, ZygoteProcess

ENVIRONMENT = Path(__file__).with_name("environment")
IMPORTS = ["torch", "torch.utils.cpp_extension"]
GOOD = """
import torch, ctypes
from torch.utils.cpp_extension import load_inline
load_inline(name="twice", cpp_sources='extern "C" int twice(int x) { return 2 * x; }', extra_cflags=["-O2"], verbose=True, is_python_module=False)
TWICE = torch.ops.loaded[-1].twice
assert TWICE(21) == 42
def custom_kernel(data):
    return TWICE(data)
"""
FROM_FILES = """
import os, torch
from torch.utils.cpp_extension import load
load(name="thrice", sources=[os.path.join(os.path.dirname(__file__), "csrc/thrice.cpp")], is_python_module=False)
assert torch.ops.loaded[-1].thrice(14) == 42
custom_kernel = torch.ops.loaded[-1].thrice
"""
BROKEN = GOOD.replace("return 2 * x;", "return 2 * y;")
FALLS_BACK = "try:\n" + "".join(f"    {line}\n" for line in BROKEN.strip().split("def custom")[0].splitlines()) + """
except RuntimeError:
    pass
def custom_kernel(data):
    return data
"""
NEEDS_A_DEVICE = GOOD.replace("def custom_kernel", "torch.cuda.init()\ndef custom_kernel")


def unit(source: str, files: Optional[dict[str, str]] = None) -> dict[str, Any]:
    listed = [{"path": path, "content": text} for path, text in {"submission.py": source, **(files or {})}.items()]
    return {
        "language": "python", "files": listed, "entry": {"file": "submission.py", "symbol": "custom_kernel", "style": "custom_kernel"},
        "environment": "torch", "architecture": "sm_90a",
    }


class Worker:
    """As the pool speaks to it."""

    def __init__(self, folder: str, imports: "list[str]" = IMPORTS) -> None:
        self.folder = folder
        self.artifacts = Path(folder, "artifacts")
        self.artifacts.mkdir()
        os.makedirs(f"{folder}/work")
        # Where programs may read it, which tests' own folders are not.
        self.modules = f"{folder}/environment"
        shutil.copytree(ENVIRONMENT, self.modules, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        environment = {**os.environ, "PYTHONPATH": f"{RUNNER}:{self.modules}"}
        environment.pop("KILN_RUNNER_PID", None)
        command = [PYTHON, "-m", "kiln_runner", "program-worker", "--imports", ",".join(imports)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd="/")
        self.send({"type": "tools", "gcc": {"path": shutil.which("g++")}, "nvrtc": None, "nvcc": None})

    def send(self, header: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode(header))
        self.process.stdin.flush()

    def build(self, asked: dict[str, Any], limit_s: float = 600.0) -> tuple[dict[str, Any], Optional[Path]]:
        artifact = artifact_hash(asked, "environment 1")
        self.send({
            "type": "compile", "artifact": artifact, "unit": asked, "compiler": "environment 1", "artifacts": str(self.artifacts),
            "work": f"{self.folder}/work", "limitMs": limit_s * 1000, "unconfined": False,
        })
        assert self.process.stdout is not None
        frame = read_frame(self.process.stdout)
        assert frame is not None
        place = self.artifacts / artifact
        return frame[0], place if place.exists() else None

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(600)
        self.process.stdout.close()


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("g++"), "needs root, as a runner with a user for each program has it, and g++")
class Building(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.mkdtemp(prefix="kiln-programs-", dir="/tmp")
        os.chmod(cls.folder, 0o755)
        cls.worker = Worker(cls.folder)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.worker.close()
        shutil.rmtree(cls.folder)

    def zygote(self) -> ZygoteProcess:
        zygote = ZygoteProcess(self.worker.modules, IMPORTS)
        self.addCleanup(zygote.close)
        return zygote

    def facts(self, place: Optional[Path]) -> dict[str, Any]:
        assert place is not None
        return json.loads((place / "program.json").read_text(encoding="utf-8"))

    def failed(self, asked: dict[str, Any]) -> str:
        reported, place = self.worker.build(asked)
        self.assertEqual((reported["status"], place), ("failed", None), reported)
        return reported["log"]

    def test_a_program_cannot_say_that_the_host_has_no_walls(self) -> None:
        self.assertIn("ended its own process", self.failed(unit("import os\nos.write(3, b'!no walls')\nos._exit(0)\n")))

    def test_what_an_import_builds_is_kept_and_found_again_without_a_compiler(self) -> None:
        for asked in (unit(GOOD), unit(FROM_FILES, {"csrc/thrice.cpp": 'extern "C" int thrice(int x) { return 3 * x; }'})):
            reported, place = self.worker.build(asked)
            self.assertEqual(reported["status"], "compiled", reported)
            facts = self.facts(place)
            self.assertEqual((len(facts["extensions"]), facts["finishesInRecorder"]), (1, False))
            # In the sandbox, where nothing can be started.
            zygote = self.zygote()
            zygote.ask("one", "look", asked, NAMESPACES_LEVEL, artifact=str(place))
            header, answer = zygote.next()
            self.assertEqual(json.loads(answer or b"null"), {"callable": "custom_kernel"}, header)

    def test_what_was_not_built_is_told_in_the_sandbox(self) -> None:
        _, place = self.worker.build(unit(GOOD))
        other = unit(GOOD.replace("2 * x", "x + x"))
        zygote = self.zygote()
        zygote.ask("one", "look", other, NAMESPACES_LEVEL, artifact=str(place))
        answer = json.loads(zygote.next()[1])
        self.assertIn("load_inline asks for an extension that was not built", answer["error"])

    def test_what_a_compiler_refuses_is_the_error(self) -> None:
        log = self.failed(unit(BROKEN))
        self.assertIn("Error building extension 'twice'", log)
        self.assertIn("\u2018y\u2019 was not declared", log)
        self.assertNotIn("/tmp/", log)

    def test_a_program_may_go_on_without_what_was_refused(self) -> None:
        reported, place = self.worker.build(unit(FALLS_BACK))
        self.assertEqual(reported["status"], "compiled", reported)
        self.assertEqual(self.facts(place)["extensions"], {})

    def test_one_that_needs_a_device_goes_on_where_it_is_recorded(self) -> None:
        reported, place = self.worker.build(unit(NEEDS_A_DEVICE))
        self.assertEqual(reported["status"], "compiled", reported)
        facts = self.facts(place)
        self.assertEqual((len(facts["extensions"]), facts["finishesInRecorder"]), (1, True))

    def test_errors_of_python_are_told_by_the_programs_own_lines(self) -> None:
        log = self.failed(unit("import torch\n\ndef f():\n    return torch.missing\n\nf()\ncustom_kernel = f\n"))
        self.assertIn('File "submission.py", line 4, in f', log)
        self.assertIn("AttributeError", log)
        self.assertNotIn("kiln_runner", log)
        self.assertIn("No module named 'einops'", self.failed(unit("import einops\n")))
        self.assertIn("defines no custom_kernel", self.failed(unit("import torch\n")))
        self.assertIn("ended its own process", self.failed(unit("import os\nos._exit(0)\n")))

    def test_an_import_that_never_ends_is_timed_out(self) -> None:
        self.assertEqual(self.worker.build(unit("while True: pass\n"), limit_s=3)[0]["status"], "timed_out")
        self.assertEqual(self.worker.build(unit(GOOD))[0]["status"], "compiled")

    def test_an_import_reaches_neither_network_nor_files_of_the_host(self) -> None:
        for source in ("import socket\nsocket.socket()\n", "open('/etc/passwd').read()\n", f"open({str(self.folder)!r} + '/secret').read()\n"):
            Path(self.folder, "secret").write_text("secret", encoding="ascii")
            os.chmod(os.path.join(self.folder, "secret"), 0o644)
            self.assertRegex(self.failed(unit(source)), "PermissionError|FileNotFoundError|Operation not permitted")

    def test_forged_answers_are_refused(self) -> None:
        forgeries: list[dict[str, Any]] = [
            {"type": "built"}, {"type": "built", "files": [["../x", 0]], "listed": {}, "unfinished": ""},
            {"type": "built", "files": [], "listed": {"extensions": {"0" * 32: {"name": "a/b", "file": "f0"}}, "triton": {}}, "unfinished": ""},
            {"type": "built", "files": [], "listed": {"extensions": {}, "triton": {"../../x": "f0"}}, "unfinished": ""},
        ]
        for forgery in forgeries:
            source = f"import os\nos.write(3, {encode(forgery)!r})\nos._exit(0)\n"
            self.assertIn("no answer of ours", self.failed(unit(source)))
