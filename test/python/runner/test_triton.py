"""Triton units through a real server, with a stand-in for Triton: what is asked of the compiler, and what hostile sources cannot do."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterable
from pathlib import Path

from kiln_runner.compile.confinement import NAMESPACES_LEVEL, UID_BASE, UID_SPAN, support
from kiln_runner.frames import encode
from kiln_runner.given_time import tree_of
from test.python.asked_again import until_given_time

from . import samples
from .drive import AMPLE_MS, REPOSITORY, RUNNER_ROOT, Client, Runner, wait_until

COMPILER = "Triton 3.6.0, ptxas 12.8.93"
FAKE_TRITON = REPOSITORY / "test/fixtures/fake-triton"
HEAD = '"""kiln\nlaunch: [{kernel: scale, grid: [1], args: [x, n, factor]}]\n"""\nimport triton\nimport triton.language as tl\n'
KERNEL = "@triton.jit\ndef scale(x, BLOCK: tl.constexpr, n, factor, STEP: tl.constexpr = 3):\n    pass\n"
# As root, sources run as another user, who must be able to read their Python: one below /root would do for nobody.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
# What the stand-in makes of KERNEL.
MODULE = (
    b'module {\n{"name": "scale", "signature": {"x": "*bf16", "n": "i32", "factor": "fp32"}, "constexprs": {}, "attrs": [[0]]}\n}\n'
)
ARGS = [
    {"pointer": True, "dtype": "bf16", "divisibleBy16": True}, {"pointer": False, "dtype": "i32", "divisibleBy16": False},
    {"pointer": False, "dtype": "f32", "divisibleBy16": False},
]
# A process of its own session that holds nothing of its parent's open.
ESCAPE = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 64)
        time.sleep(1000)
    os._exit(0)
"""


def unit(source: str, **changes: object) -> dict:
    kernels = [{"name": "scale", "args": ARGS}]
    fields = {"language": "triton", "architecture": "sm_90a", "kernels": kernels, "numWarps": 8, "numStages": 2, **changes}
    return {**samples.c_unit(source), "params": {"BLOCK": 256}, **fields}


def wrapper(folder: str, **environment: str) -> str:
    """A Python that finds the stand-in."""
    path = Path(folder) / "python3-with-triton"
    exports = "".join(f"export {name}='{value}'\n" for name, value in environment.items())
    path.write_text(f"#!/bin/sh\n{exports}export PYTHONPATH=\"$PYTHONPATH:{FAKE_TRITON}\"\nexec {PYTHON} \"$@\"\n")
    path.chmod(0o755)
    return str(path)


def confined(runner_folder: str) -> list[str]:
    """Processes that sources of this runner left: they have the users or the folders of confined ones, and were started with what its workers have
    in their environment."""
    found = []
    for entry in filter(lambda name: name.isdigit(), os.listdir("/proc")):
        try:
            user, place = os.stat(f"/proc/{entry}").st_uid, os.readlink(f"/proc/{entry}/cwd")
            state = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[0]
            is_own = os.fsencode(runner_folder) in Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue
        if is_own and state != "Z" and (UID_BASE <= user < UID_BASE + UID_SPAN or place.startswith("/tmp/kiln-triton-")):
            found.append(entry)
    return found


def folders(makers: Iterable[int]) -> list[str]:
    return [name for name in os.listdir("/tmp") if any(name.startswith(f"kiln-triton-{maker}-") for maker in makers)]


class WithTriton(unittest.TestCase):
    runner: Runner
    client: Client
    # Process ids of all that compiled.
    workers: set[int]

    @classmethod
    def setUpClass(cls) -> None:
        cls.place, cls.workers = tempfile.TemporaryDirectory(), set()
        cls.runner = Runner(KILN_TRITON_PYTHON=wrapper(cls.place.name)).__enter__()
        cls.client = cls.runner.client()
        cls.hello = cls.client.attach()
        inventory = cls.hello["inventory"]
        if "triton" not in inventory["languages"] and "since its sources are programs" in " ".join(inventory["warnings"]):
            cls.tearDownClass()
            raise unittest.SkipTest(f"this machine confines no source: {inventory['warnings']}")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.__exit__()
        cls.place.cleanup()

    def tearDown(self) -> None:
        wait_until(lambda: not confined(self.runner.folder) and not folders(self.workers), "nothing of a source is left")

    def compile(self, source: str, limit_ms: float = AMPLE_MS, **changes: object) -> dict:
        result = self.client.compile(unit(source, **changes), limit_ms=limit_ms)
        self.workers.update(self.pids())
        return result

    def pids(self) -> list[int]:
        """Of this runner's workers."""
        return [pid for pid in tree_of(self.runner.pid) if b"triton-worker" in command_of(pid)]

    def refusal(self, source: str, limit_ms: float = AMPLE_MS, **changes: object) -> str:
        result = self.compile(source, limit_ms, **changes)
        self.assertEqual(result.get("outcome", {}).get("verdict"), "compile_error", result)
        return result["outcome"]["log"]

    def artifact(self, result: dict) -> Path:
        self.assertEqual(result["status"], "compiled", result)
        return Path(self.runner.folder) / "cache/artifacts" / result["artifact"]


class CompilingTriton(WithTriton):
    def test_the_inventory_tells_the_version_and_offers_the_language(self) -> None:
        self.assertEqual(self.hello["inventory"]["triton"], COMPILER)
        self.assertIn("triton", self.hello["inventory"]["languages"])

    def test_the_compiler_is_asked_for_the_types_constants_and_options_of_the_plan(self) -> None:
        folder = self.artifact(self.compile(HEAD + KERNEL))
        asked = json.loads((folder / "code-0.cubin").read_bytes()[4:])
        self.assertEqual(asked["signature"], {"x": "*bf16", "BLOCK": "constexpr", "n": "i32", "factor": "fp32", "STEP": "constexpr"})
        self.assertEqual(asked["constexprs"], {"BLOCK": 256, "STEP": 3})
        self.assertEqual(asked["attrs"], [[0]])
        self.assertEqual(asked["target"], ["cuda", 90, 32])
        self.assertEqual(asked["options"], {"num_warps": 8, "num_stages": 2})

    def test_the_judge_is_told_how_to_launch_it(self) -> None:
        source = HEAD + KERNEL.replace("STEP: tl.constexpr = 3", "SHARED: tl.constexpr = 4096")
        meta = json.loads((self.artifact(self.compile(source)) / "meta.json").read_text())
        self.assertEqual(meta["compiler"], COMPILER)
        reported = {"file": "code-0.cubin", "shared": 4096, "numWarps": 8, "hidden": ["null_ptr", "null_ptr"]}
        self.assertEqual(meta["kernels"], {"scale": reported})

    def test_hidden_arguments_are_counted_in_the_code_not_assumed(self) -> None:
        source = HEAD + KERNEL.replace("STEP: tl.constexpr = 3", "HIDDEN: tl.constexpr = 1")
        meta = json.loads((self.artifact(self.compile(source)) / "meta.json").read_text())
        self.assertEqual(meta["kernels"]["scale"]["hidden"], ["null_ptr"])

    def test_every_kernel_of_the_plan_becomes_a_file(self) -> None:
        kernels = [{"name": "scale", "args": ARGS}, {"name": "second", "args": ARGS[:1]}]
        source = HEAD + KERNEL + "@triton.jit\ndef second(x):\n    pass\n"
        meta = json.loads((self.artifact(self.compile(source, kernels=kernels)) / "meta.json").read_text())
        self.assertEqual({name: kernel["file"] for name, kernel in meta["kernels"].items()}, {"scale": "code-0.cubin", "second": "code-1.cubin"})

    def test_the_same_unit_comes_from_the_cache(self) -> None:
        self.compile(HEAD + KERNEL + "# cached\n")
        self.assertTrue(self.compile(HEAD + KERNEL + "# cached\n")["cached"])

    def test_mistakes_are_named(self) -> None:
        mistakes = {
            HEAD + "def scale(x): pass\n": 'no @triton.jit function "scale"',
            HEAD + "@triton.autotune(configs=[])\n" + KERNEL: "make its choices params",
            HEAD + KERNEL.replace("n, ", ""): "takes 2 arguments besides its constexprs (x, factor); the plan gives 3",
            HEAD + KERNEL.replace("x, ", "x, y, "): "takes 4 arguments",
            HEAD + KERNEL.replace("BLOCK", "TILE"): '"TILE" is no param of the plan',
            HEAD + KERNEL.replace("STEP: tl.constexpr = 3", "SCRATCH: tl.constexpr = 128"): "128 bytes of global scratch memory",
            HEAD + KERNEL.replace("pass", "WRONG"): "CompilationError: at 3:4: WRONG is not defined",
            HEAD + "import no_such_module\n": "candidate.py:6: in <module>\nModuleNotFoundError",
            HEAD + "def scale(\n": "SyntaxError",
        }
        for source, said in mistakes.items():
            log = self.refusal(source)
            self.assertIn(said, log)
            self.assertNotIn("/tmp/", log)

    def test_an_architecture_that_its_ptxas_does_not_know_is_no_fault_of_the_source(self) -> None:
        result = self.compile(HEAD + KERNEL, architecture="sm_999")
        self.assertEqual((result["status"], result["failure"]["code"]), ("infra", "compiler_missing"))

    def test_what_the_source_prints_is_kept_with_its_error(self) -> None:
        self.assertIn("BLOCK was odd", self.refusal(HEAD + "print('BLOCK was odd')\nraise ValueError('no')\n"))


class HostileTriton(WithTriton):
    def assert_still_works(self, source: str) -> None:
        self.artifact(self.compile(HEAD + KERNEL + f"# after {hash(source)}\n"))

    def test_an_endless_import_ends_at_its_limit_and_the_worker_stays_warm(self) -> None:
        before, result = until_given_time(self.endless)
        if result["status"] == "infra":
            # Beside other work it never got a processor for most of its limit.
            self.assertEqual(result["failure"]["code"], "suspended", result)
        else:
            self.assertEqual(result["outcome"], {"verdict": "timed_out", "stage": "compile", "case": "", "limitMs": 300})
        self.assert_still_works("endless")
        self.assertEqual(self.pids(), before)

    def endless(self) -> "tuple[list[int], dict]":
        """The workers before, and what came of it."""
        self.tries = getattr(self, "tries", 0) + 1
        self.assert_still_works(f"before {self.tries}")
        return self.pids(), self.compile(HEAD + f"# {self.tries}\nwhile True: pass\n", limit_ms=300)

    def test_a_source_that_ends_its_process_is_a_compile_error(self) -> None:
        self.assertIn("sys.exit(3)", self.refusal(HEAD + "import sys\nsys.exit(3)\n"))
        self.assertIn("without an answer", self.refusal(HEAD + "import os\nos._exit(0)\n"))
        self.assertIn("without an answer", self.refusal(HEAD + "import os\nos.kill(os.getpid(), 9)\n"))

    def test_a_flood_of_output_ends_at_a_limit(self) -> None:
        log = self.refusal(HEAD + "import os\nwhile True: os.write(1, b'x' * 65536)\n")
        self.assertLessEqual(len(log), 64 * 1024)
        self.assertIn("File too large", log)

    def test_writing_to_every_descriptor_harms_only_the_source(self) -> None:
        source = HEAD + "import os\nfor fd in range(3, 100):\n  try: os.write(fd, b'junk' * 100)\n  except OSError: pass\n" + KERNEL
        self.refusal(source)
        self.assert_still_works(source)

    def forged(self, *parts: bytes, **fact: object) -> str:
        """A source that answers for its compiler and leaves."""
        kernels = [{"name": "scale", "bytes": len(part), "shared": 0, "numWarps": 8, "hidden": [], **fact} for part in parts]
        frame = encode({"type": "built", "kernels": kernels}, b"".join(parts))
        return HEAD + f"import os\nos.write(3, {frame!r})\nos._exit(0)\n" + KERNEL

    def test_code_that_a_source_carries_is_not_taken_for_its_compilers(self) -> None:
        for part in (b"\x7fELF1234", b"//\n.version 8.0\n.visible .entry scale() { ret; }\n", b"", b"module\0", b"\xff\xfe"):
            self.assertIn("wrote into", self.refusal(self.forged(part)))

    def test_an_answer_with_absurd_sizes_is_refused(self) -> None:
        for fact in ({"bytes": 10 ** 12}, {"bytes": 1}, {"bytes": True}, {"bytes": -1}):
            self.assertIn("wrote into", self.refusal(self.forged(MODULE, **fact)))
        self.assertIn("wrote into", self.refusal(self.forged(MODULE, MODULE)))

    def test_what_a_source_says_of_itself_is_compiled_by_us_and_checked_in_what_comes_out(self) -> None:
        """It may write its own TTIR: that is read by a compiler which it never touched, and kept beside the code."""
        folder = self.artifact(self.compile(self.forged(MODULE)))
        self.assertEqual((folder / "code-0.ttir").read_bytes(), MODULE)
        asked = json.loads((folder / "code-0.cubin").read_bytes()[4:])
        self.assertEqual((asked["options"], asked["target"]), ({"num_warps": 8, "num_stages": 2}, ["cuda", 90, 32]))
        refusals = {
            (('"name": "scale"', '"name": "other"'),): "compiled under the name other",
            (('"attrs"', '"others": ["second"], "attrs"'),): "has the kernels scale, second; it must have that one alone",
            (('"attrs"', '"threads": 1024, "attrs"'),): "asks for blocks of 1024, 1, 1 threads, and has 8 warps",
            (('"n": "i32"', '"n": "i64"'),): "the plan gives [8, 4, 4]",
            (('"constexprs": {', '"constexprs": {"SHARED": 1000000'),): "cannot be launched: 1000000 is not within 0 and 262144",
            (('"constexprs": {', '"constexprs": {"SCRATCH": 64'),): "64 bytes of global scratch memory",
            (("module {", "module @no {"),): "expected operation name",
        }
        for changes, said in refusals.items():
            text = MODULE.decode()
            for before, after in changes:
                text = text.replace(before, after)
            self.assertIn(said, self.refusal(self.forged(text.encode())))

    def test_a_source_that_changes_its_compiler_changes_only_its_own_copy(self) -> None:
        spoils = HEAD + KERNEL + "from triton.backends import nvidia\nnvidia.CUDABackend.make_cubin = lambda *_: b'\\x7fELF mine'\n"
        folder = self.artifact(self.compile(spoils))
        self.assertEqual(json.loads((folder / "code-0.cubin").read_bytes()[4:])["name"], "scale")

    def test_a_source_cannot_blame_the_hosts_compiler(self) -> None:
        said = "Value 'sm_90a' is not defined for option 'gpu-name'"
        self.assertIn(said, self.refusal(HEAD + f'raise ValueError("{said}")\n'))

    def test_a_fork_bomb_ends_with_its_compile(self) -> None:
        source = HEAD + "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n"
        result = self.compile(source, limit_ms=1000)
        # Beside other work the bomb may keep the limit's second from its own compiler: that is then said instead.
        self.assertIn(result.get("outcome", {}).get("verdict") or result["failure"]["code"], ("timed_out", "suspended"), result)
        self.tearDown()
        self.assert_still_works(source)

    def test_a_process_that_leaves_its_session_does_not_outlive_the_compile(self) -> None:
        self.artifact(self.compile(HEAD + ESCAPE + KERNEL))

    def test_a_cancelled_compile_leaves_no_process(self) -> None:
        self.client.send({"type": "compile", "compileId": "gone", "unit": unit(HEAD + ESCAPE + "time.sleep(1000)\n"), "limitMs": AMPLE_MS})
        wait_until(lambda: len(confined(self.runner.folder)) >= 2, "the source runs")
        self.workers.update(self.pids())
        self.client.send({"type": "cancel_compile", "compileId": "gone"})
        self.client.wait("compiled", lambda frame: frame["compileId"] == "gone")

    def test_it_can_signal_nobody(self) -> None:
        self.refusal(HEAD + "import os\nos.kill(-1, 9)\n")
        log = self.refusal(HEAD + f"import os\nos.kill({self.runner.pid}, 9)\n")
        self.assertRegex(log, "PermissionError|ProcessLookupError")
        self.assert_still_works("kill")

    def test_it_sees_nothing_of_the_runner_and_reaches_no_network(self) -> None:
        socket_file = (Path(self.runner.folder) / "socket").read_text().strip()
        attempts = {
            f"open('{self.runner.folder}/cache/artifacts/x', 'w')": "PermissionError|FileNotFoundError|OSError",
            f"print(open('{self.runner.folder}/runner.log').read())": "PermissionError|FileNotFoundError",
            f"import socket; socket.socket(socket.AF_UNIX).connect('{socket_file}')": "PermissionError|FileNotFoundError",
            f"open('/proc/{self.runner.pid}/mem', 'r+b')": "PermissionError|FileNotFoundError",
            f"import ctypes; assert ctypes.CDLL(None).ptrace(16, {self.runner.pid}, 0, 0) == 0, 'not traced'": "not traced",
            "import os; os.setuid(0)": "PermissionError",
            "import socket; socket.create_connection(('127.0.0.1', 22), 1)": "PermissionError",
            "print(open('/etc/passwd').read())": "PermissionError|FileNotFoundError",
            "import os; assert os.environ.get('PYTHONPATH') is None and os.environ['HOME'] == os.getcwd(); raise SystemExit": "sys.exit",
        }
        for attempt, said in attempts.items():
            self.assertRegex(self.refusal(HEAD + attempt + "\n"), said, attempt)

    def test_memory_is_limited(self) -> None:
        self.assertIn("MemoryError", self.refusal(HEAD + "x = bytearray(1 << 40)\n"))


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


class WithoutRoot(unittest.TestCase):
    """The same walls for a runner that is not root: by a user namespace."""

    SCRIPT = """
import json, os, sys
from kiln_runner.compile.triton_worker import _keep_warm, compile_triton
_keep_warm()
source, unit = json.loads(sys.stdin.read())
try:
    built = compile_triton({**unit, "source": source}, 600_000)
    print(json.dumps({"files": list(built.files), "log": built.log, "pid": os.getpid()}))
except Exception as error:
    print(json.dumps({"files": [], "log": f"{type(error).__name__}: {error}", "pid": os.getpid()}))
"""

    @unittest.skipUnless(os.geteuid() == 0, "the tests do not run as root, so the suites above test this already")
    def test_the_runners_folder_is_not_there_and_the_rest_read_only(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.chown(folder, 65534, 65534)
            Path(folder, "secret").write_text("runner's")
            os.chown(Path(folder, "secret"), 65534, 65534)
            source = HEAD + KERNEL + f"""
import os
print(os.path.exists('{folder}'), os.getuid(), sorted(os.listdir('/tmp')))
for place in ('/usr/lib/x', '/x', '/dev/x'):
    try: open(place, 'w'); print('WROTE', place)
    except OSError as error: print(error.strerror)
import ctypes
print('mount', ctypes.CDLL(None).mount(b'none', b'/', None, 4096 | 32, None), 'umount', ctypes.CDLL(None).umount2(b'{folder}', 2))
try: os.kill({os.getpid()}, 0)
except OSError as error: print(error.strerror)
open('mine', 'w').write('fine')
open(os.environ.get('TMPDIR', '/tmp') + '/kiln-left-{os.getpid()}', 'w').write('private')
raise SystemExit
"""
            if support().level != NAMESPACES_LEVEL:
                self.skipTest(support().why)
            reported = self.run_as_nobody(source)
            # Where Kiln itself lies below /tmp, the way to it is all that is seen there.
            seen = [part for part in Path(RUNNER_ROOT).resolve().parts[2:3] if Path(RUNNER_ROOT).resolve().is_relative_to("/tmp")]
            self.assertIn(f"False 65534 {seen}", reported["log"])
            self.assertEqual(reported["log"].count("Read-only file system"), 3, reported["log"])
            self.assertIn("mount -1 umount -1", reported["log"])
            self.assertIn("No such process", reported["log"])
            self.assertEqual(Path(folder, "secret").read_text(), "runner's")
            self.assertFalse(os.path.exists(f"/tmp/kiln-left-{os.getpid()}"))
            good = self.run_as_nobody(HEAD + KERNEL)
            self.assertEqual(good["files"], ["code-0.cubin", "code-0.ttir"])
            self.assertEqual(folders([reported["pid"], good["pid"]]), [])

    def run_as_nobody(self, source: str) -> dict:
        path = f"{RUNNER_ROOT}:{FAKE_TRITON}"
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [PYTHON, "-c", self.SCRIPT], input=json.dumps([source, unit("")]).encode(), env=environment, cwd="/",
            capture_output=True, timeout=600, user=65534, group=65534, check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)


class WithoutUsableTriton(unittest.TestCase):
    def inventory(self, **environment: str) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            named = environment.pop("python", None)
            python = wrapper(folder, **environment) if named is None else named
            variables = {**os.environ, "PYTHONPATH": str(RUNNER_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "KILN_TRITON_PYTHON": python}
            done = subprocess.run([sys.executable, "-m", "kiln_runner", "inventory"], env=variables, capture_output=True, timeout=600, check=True)
            return json.loads(done.stdout)

    def test_one_that_is_too_old_is_named_with_what_mends_it(self) -> None:
        inventory = self.inventory(FAKE_TRITON_VERSION="3.1.0")
        self.assertEqual((inventory["triton"], "triton" in inventory["languages"]), (None, False))
        self.assertIn("Triton 3.1.0 is too old; pip install 'triton>=3.3'", " ".join(inventory["warnings"]))

    def test_a_python_without_triton_offers_none(self) -> None:
        inventory = self.inventory(python=sys.executable if not has_triton() else "")
        self.assertEqual((inventory["triton"], "triton" in inventory["languages"]), (None, False))

    def test_a_unit_is_answered_with_what_to_install(self) -> None:
        with Runner(KILN_TRITON_PYTHON="") as runner:
            client = runner.client()
            client.attach()
            failure = client.compile(unit(HEAD + KERNEL))["failure"]
            self.assertEqual(failure["code"], "compiler_missing")
            self.assertIn("pip install", failure["message"])


def has_triton() -> bool:
    return subprocess.run([sys.executable, "-c", "import triton"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    unittest.main()
