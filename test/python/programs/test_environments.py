"""Environments for programs: found or named, told by their own Python with versions, a key and what the sandbox holds."""
import os
import shutil
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, Optional
from unittest import mock

from kiln_runner.compile.confinement import NAMESPACES_LEVEL
from kiln_runner.host import environments
from kiln_runner.host.environments import FoundEnvironments, find_environments
from kiln_runner.programs.environment_probe import key_of
from test.python.programs.zygote_process import PYTHON

ENVIRONMENT = Path(__file__).with_name("environment")


@unittest.skipUnless(os.geteuid() == 0, "needs root, as a runner with a user for each program has it")
class Finding(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="kiln-environments-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(ENVIRONMENT, f"{self.folder}/modules", ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", self.folder], check=True)
        self.python = self.python_with(f"{self.folder}/modules")

    def python_with(self, modules: str, options: str = "") -> str:
        """A Python that has modules of our own, as a virtual environment has. With -S it has none of its own, whatever is installed here."""
        path = Path(self.folder, f"python3-{len(os.listdir(self.folder))}")
        path.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{modules}" exec {PYTHON} {options} "$@"\n', encoding="ascii")
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH | stat.S_IROTH)
        return str(path)

    def found(self, named: Optional[list[dict[str, Any]]] = None, variable: Optional[str] = None) -> FoundEnvironments:
        with mock.patch.dict(os.environ, {} if variable is None else {environments.PYTHON_VARIABLE: variable}):
            return find_environments(named or [], None)

    def test_a_named_one_is_told_with_its_versions_and_what_its_sandbox_holds(self) -> None:
        found = self.found([{"name": "main", "python": self.python}])
        reported = found.reported[0]
        self.assertEqual((reported["name"], reported["torch"], reported["triton"], reported["recorder"]), ("main", "2.99.0", "3.99.0", "none"), found)
        self.assertEqual(reported["sandbox"]["level"], NAMESPACES_LEVEL)
        self.assertRegex(reported["key"], "^[0-9a-f]{64}$")
        self.assertEqual(found.tools, [{"name": "main", "path": self.python, "key": reported["key"]}])
        self.assertEqual(found.warnings, [])

    def test_one_is_searched_for_where_none_is_named(self) -> None:
        self.assertEqual([each["name"] for each in self.found(variable=self.python).reported], ["torch"])
        self.assertEqual(self.found(variable=""), FoundEnvironments([], [], []))

    def test_a_named_one_that_cannot_be_used_is_a_warning_and_the_others_are_told(self) -> None:
        os.makedirs(f"{self.folder}/broken/torch")
        Path(self.folder, "broken/torch/__init__.py").write_text("raise RuntimeError('libcudart is missing')\n", encoding="ascii")
        named = [
            {"name": "gone", "python": f"{self.folder}/no-python"}, {"name": "bare", "python": self.python_with("", "-S")},
            {"name": "broken", "python": self.python_with(f"{self.folder}/broken")}, {"name": "good", "python": self.python},
        ]
        found = self.found(named)
        self.assertEqual([each["name"] for each in found.reported], ["good"])
        self.assertRegex(found.warnings[0], "environment gone cannot be used: .*No such file")
        self.assertIn("environment bare cannot be used: it has no torch", found.warnings[1])
        self.assertIn("environment broken cannot be used: torch cannot be imported: RuntimeError: libcudart is missing", found.warnings[2])

    def test_the_key_is_of_all_versions(self) -> None:
        self.assertEqual(key_of({"a": "1", "b": "2"}), key_of({"b": "2", "a": "1"}))
        self.assertNotEqual(key_of({"a": "1"}), key_of({"a": "2"}))
