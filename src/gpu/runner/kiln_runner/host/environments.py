"""Finds the environments for programs: each a Python with PyTorch, and what it has. Named in the fleet file, or searched for. Takes seconds each."""
import glob
import json
import os
import shutil
import subprocess
import sys
from typing import Any, NamedTuple, Optional, Union, cast

from kiln_runner.compile.tools import EnvironmentTool
from kiln_runner.identity import child_environment, self_command
from kiln_runner.protocol import Environment, NamedEnvironment

# Names the one Python to use; empty: none is searched for. What the fleet file names is looked at in any case.
PYTHON_VARIABLE = "KILN_TORCH_PYTHON"
DEFAULT_NAME = "torch"
ENVIRONMENTS_MAX = 8
LOOK_TIMEOUT_S = 30
# Imports from a slow disk, the sandbox at each level, one recording.
PROBE_TIMEOUT_S = 45
PYTHONS_MAX = 8
WORDS_CHARS_MAX = 500
_PLACES = ("/opt/*/bin/python3", "/opt/*/.venv/bin/python3", "/opt/*/venv/bin/python3")
_LOOK = "import importlib.util as u, sys; sys.exit(sys.version_info < (3, 9) or u.find_spec('torch') is None)"


class FoundEnvironments(NamedTuple):
    # As the inventory tells them.
    reported: list[Environment]
    # {name, path, key} for those who run them.
    tools: list[EnvironmentTool]
    warnings: list[str]


def find_environments(named: list[NamedEnvironment], minor: Optional[int], architecture: Optional[str] = None) -> FoundEnvironments:
    """`named`: {name, python} of the fleet file; none: one is searched for. `minor`: of a GPU's device node, `architecture`: its; or None."""
    asked: list[NamedEnvironment] = named or [{"name": DEFAULT_NAME, "python": path} for path in _found_python()]
    reported: list[Environment] = []
    tools: list[EnvironmentTool] = []
    warnings: list[str] = []
    for entry in asked[:ENVIRONMENTS_MAX]:
        environment = _probe(entry["python"], minor, architecture)
        if "error" in environment:
            warnings.append(f"environment {entry['name']} cannot be used: {environment['error']}")
            continue
        reported.append(cast(Environment, {"name": entry["name"], **environment}))
        tools.append({"name": entry["name"], "path": entry["python"], "key": environment["key"]})
    return FoundEnvironments(reported, tools, warnings)


def _found_python() -> list[str]:
    """The first Python with PyTorch, or none."""
    named = os.environ.get(PYTHON_VARIABLE)
    if named is not None:
        return [named] if named else []
    found = [sys.executable, shutil.which("python3"), *(path for place in _PLACES for path in sorted(glob.glob(place)))]
    paths = list(dict.fromkeys(path for path in found if path))[:PYTHONS_MAX]
    first = next((path for path in paths if _has_torch(path)), None)
    return [first] if first is not None else []


def _has_torch(python: str) -> bool:
    done = _run([python, "-c", _LOOK], LOOK_TIMEOUT_S)
    return not isinstance(done, str) and done.returncode == 0


def _probe(python: str, minor: Optional[int], architecture: Optional[str]) -> dict[str, Any]:
    device = ["--device", str(minor), "--architecture", architecture or ""] if minor is not None else []
    command = self_command("program-environment", *device, python=python)
    done = _run(command, PROBE_TIMEOUT_S)
    if isinstance(done, str):
        return {"error": done}
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {"error": f"its probe ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()[-WORDS_CHARS_MAX:]}"}


def _run(command: list[str], timeout_s: float) -> Union[subprocess.CompletedProcess[bytes], str]:
    """What is wrong where it did not end by itself."""
    try:
        return subprocess.run(command, env=child_environment(), capture_output=True, timeout=timeout_s, stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{error}"
