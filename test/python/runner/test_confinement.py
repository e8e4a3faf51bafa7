"""What a source can learn and reach while it is compiled: tricks that read files of the host, in every compiler, at every level of walls."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Optional

from kiln_runner.compile.confinement import LANDLOCK_LEVEL, NAMESPACES_LEVEL, NO_LEVEL
from kiln_runner.host.toolchain import find_gcc, find_nvcc, find_nvrtc

PROBE = Path(__file__).with_name("confined_probe.py")
CANARY = "canary_4711 @ secret ="
# As a container without CAP_SYS_ADMIN refuses them.
CONTAINER = ["unshare", "mount", "pivot_root"]
NOBODY = 65534
# One that other users may run: it may be below root's home otherwise.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
# § stands for the path of a file. Each must compile, or fail, in the same words whether there is such a file or not.
TRICKS = {
    "include": '#include "§"\n',
    "include in angle brackets": "#include <§>\n",
    "include by a macro": '#define NAME "§"\n#include NAME\n',
    "include behind a comment opened in a string": 'static const char *const hidden = "/*";\n#/**/include "§"\n',
    "include_next": '#include_next "§"\n',
    "a line of another file": '#line 1 "§"\nint wrong = ;\n',
    "a line marker": '# 1 "§"\nint wrong = ;\n',
    "a line marker of a system header": '# 1 "§" 1 3 4\nint wrong = ;\n',
    "has_include": '#if __has_include("§")\n#error there\n#endif\n',
    "has_include by a macro": '#define NAME "§"\n#if __has_include(NAME)\n#error there\n#endif\n',
    "has_include_next": '#if __has_include_next("§")\n#error there\n#endif\n',
    "a dependency": '#pragma GCC dependency "§"\n',
    "a dependency by an operator": '_Pragma("GCC dependency \\"§\\"")\n',
    "a precompiled header": '#pragma GCC pch_preprocess "§"\n',
    "the assembler's incbin": '__asm__(".incbin \\"§\\"");\n',
    "the assembler's include": '__asm__(".include \\"§\\"");\n',
    "incbin of two strings": '__asm__(".inc" "bin \\"§\\"");\n',
    "incbin by a macro of the assembler": '__asm__(".macro g a, b\\n.\\\\a\\\\b \\"§\\"\\n.endm\\n g inc, bin");\n',
    "a name in debug information": '__asm__(".file 1 \\"§\\"\\n.loc 1 1 1");\nint wrong = ;\n',
}
CUDA_ONLY = {
    "PTX of a device function": '__device__ void f() { asm(".include \\"§\\";"); }\nint wrong = ;\n',
    "pragma once more": '#pragma nv_hdrstop\n#include "§"\n',
}


def run(task: str, question: dict, user: Optional[int] = None) -> dict:
    """`user`: another one than the tests'."""
    done = subprocess.run(
        [PYTHON, str(PROBE), task], input=json.dumps(question).encode(), capture_output=True, timeout=600,
        check=False, **({"user": user, "group": user, "extra_groups": []} if user else {}),
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


class Places(unittest.TestCase):
    """A folder with a canary in it, and the names of what is there and what is not."""

    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="kiln-canary-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.canary, self.missing = f"{self.folder}/canary", f"{self.folder}/absent"
        Path(self.canary).write_text(CANARY)


class Walls(Places):
    """Seen by a process of ours in the place of a compiler."""

    def seen(self, level: str, refuse: list[str], user: Optional[int] = None) -> dict:
        question = {"refuse": refuse, "read": [self.canary, self.missing], "write": ["/usr/lib/x", f"{self.folder}/x"], "pid": os.getpid()}
        reported = run("walls", question, user)
        if reported["level"] != level:
            self.skipTest(f"this machine allows {reported['level']} only")
        self.assertIsNotNone(reported["seen"], reported)
        self.assertFalse(reported["left"])
        return reported["seen"]

    def assert_closed(self, seen: dict) -> None:
        self.assertNotIn("canary_4711", json.dumps(seen["read"]))
        self.assertRegex(" ".join(seen["write"].values()), r"^\w+Error \w+Error$")
        self.assertEqual((seen["socket"], seen["unix"], seen["root_again"]), ("PermissionError", "PermissionError", False))
        self.assertEqual((seen["ptrace"], seen["unshare"], seen["mount"]), (-1, -1, -1))
        self.assertIn(seen["signal"], ("ProcessLookupError", "PermissionError"))
        self.assertEqual(seen["descriptors"], [])
        self.assertEqual(seen["own"], "done: 1")

    def assert_hidden(self, seen: dict) -> None:
        self.assertEqual(seen["exists"], {self.canary: False, self.missing: False})
        for name in ("home", "root", "var", "sys", "run"):
            self.assertNotIn(repr(name), seen["root"])
        self.assertFalse(seen["proc"])

    def test_in_namespaces_nothing_of_the_host_is_there(self) -> None:
        seen = self.seen(NAMESPACES_LEVEL, [])
        self.assert_closed(seen)
        self.assert_hidden(seen)

    def test_where_namespaces_are_refused_nothing_of_the_host_can_be_opened(self) -> None:
        self.assert_closed(self.seen(LANDLOCK_LEVEL, CONTAINER))

    @unittest.skipUnless(os.geteuid() == 0, "the tests do not run as root: those above are for this user")
    def test_a_runner_that_is_not_root_has_the_same_walls(self) -> None:
        for level, refuse in ((NAMESPACES_LEVEL, []), (LANDLOCK_LEVEL, CONTAINER)):
            with self.subTest(level):
                self.assert_closed(self.seen(level, refuse, NOBODY))
        self.assert_hidden(self.seen(NAMESPACES_LEVEL, [], NOBODY))


class Tricks(Places):
    def compiled(self, language: str, tools: dict[str, Optional[dict]], tricks: dict[str, str], **question: object) -> list[dict]:
        """For each trick two answers: for the canary and for a file that is not there."""
        sources = [source.replace("§", path) for source in tricks.values() for path in (self.canary, self.missing)]
        unit = {"language": language, "params": {}, "architecture": "sm_80", "kernels": [], "numWarps": None, "numStages": None}
        units = [{**unit, "source": source} for source in sources]
        every = {"gcc": None, "nvrtc": None, "nvcc": None, "triton": None, **tools}
        reported = run("compile", {"tools": every, "units": units, **question})
        self.level = reported["level"]
        return reported["told"]

    def assert_tells_nothing(self, tricks: dict[str, str], reported: list[dict], *, may_tell_existence: bool = False) -> None:
        for number, name in enumerate(tricks):
            there, absent = reported[2 * number : 2 * number + 2]
            with self.subTest(name):
                self.assertNotIn("canary_4711", json.dumps(there))
                self.assertNotIn("infra", there)
                if not may_tell_existence:
                    self.assertEqual(json.dumps(there).replace(self.canary, "P"), json.dumps(absent).replace(self.missing, "P"))

    @unittest.skipUnless(find_gcc(), "gcc is not installed: apt-get install gcc")
    def test_a_c_source_learns_nothing_of_a_file(self) -> None:
        reported = self.compiled("c", {"gcc": find_gcc()}, TRICKS)
        self.assert_tells_nothing(TRICKS, reported, may_tell_existence=self.level != NAMESPACES_LEVEL)

    @unittest.skipUnless(find_gcc(), "gcc is not installed: apt-get install gcc")
    def test_the_tricks_are_real_where_nothing_confines(self) -> None:
        tricks = {name: TRICKS[name] for name in ("include behind a comment opened in a string", "include by a macro")}
        reported = self.compiled("c", {"gcc": find_gcc()}, tricks, refuse=[*CONTAINER, "landlock"], mayBeOpen=True)
        for number, name in enumerate(tricks):
            self.assertIn("canary_4711", reported[2 * number]["log"], name)

    @unittest.skipUnless(find_gcc(), "gcc is not installed: apt-get install gcc")
    def test_a_c_source_reads_nothing_where_namespaces_are_refused(self) -> None:
        reported = self.compiled("c", {"gcc": find_gcc()}, TRICKS, refuse=CONTAINER)
        if self.level != LANDLOCK_LEVEL:
            self.skipTest("this kernel has no Landlock")
        self.assert_tells_nothing(TRICKS, reported, may_tell_existence=True)

    @unittest.skipUnless(find_nvrtc(), "no NVRTC on this machine: set CUDA_HOME to a toolkit")
    def test_a_cuda_source_learns_nothing_of_a_file_by_nvrtc(self) -> None:
        tricks = {**TRICKS, **CUDA_ONLY}
        reported = self.compiled("cuda", {"nvrtc": find_nvrtc()}, tricks)
        self.assert_tells_nothing(tricks, reported, may_tell_existence=self.level != NAMESPACES_LEVEL)

    @unittest.skipUnless(find_nvcc() and find_gcc(), "no nvcc on this machine: install the CUDA toolkit")
    def test_a_cuda_source_learns_nothing_of_a_file_by_nvcc(self) -> None:
        # Each takes nvcc a second and more.
        tricks = {name: TRICKS[name] for name in ("include behind a comment opened in a string", "has_include by a macro")}
        reported = self.compiled("cuda", {"nvcc": find_nvcc(), "gcc": find_gcc()}, tricks)
        self.assert_tells_nothing(tricks, reported, may_tell_existence=self.level != NAMESPACES_LEVEL)

    @unittest.skipUnless(find_gcc(), "gcc is not installed: apt-get install gcc")
    def test_a_source_finds_nothing_of_the_one_before_it(self) -> None:
        leaves = {"leaves": "static const char secret[] = \"canary_4711\"; int f(void) { return secret[0]; }\n"}
        looks = {"looks": "#if __has_include(\"../tmp/x\") || __has_include(\"candidate.s\")\n#error there\n#endif\nint f(void) { return 1; }\n"}
        reported = self.compiled("c", {"gcc": find_gcc()}, {**leaves, **looks})
        self.assertEqual([answer["files"] for answer in reported], [["code.so"]] * 4, reported)

    @unittest.skipUnless(find_gcc(), "gcc is not installed: apt-get install gcc")
    def test_a_host_that_confines_nothing_compiles_only_where_the_fleet_file_says_so(self) -> None:
        good = {"good": "int f(void) { return 1; }\n"}
        reported = self.compiled("c", {"gcc": find_gcc()}, good, refuse=[*CONTAINER, "landlock"])
        self.assertEqual(self.level, NO_LEVEL)
        self.assertIn("compiler_missing: this host confines no compiler", reported[0]["infra"])
        reported = self.compiled("c", {"gcc": find_gcc()}, good, refuse=[*CONTAINER, "landlock"], mayBeOpen=True)
        self.assertEqual(reported[0]["files"], ["code.so"])


if __name__ == "__main__":
    unittest.main()
