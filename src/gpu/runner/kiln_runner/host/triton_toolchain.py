"""Finds a Python that has Triton, and whether it makes, from a known kernel, code that judges can launch. Takes seconds."""
import glob
import json
import os
import shutil
import subprocess
import sys
from typing import NamedTuple, Optional

from kiln_runner.compile.tools import TritonTool
from kiln_runner.identity import child_environment, self_command
from kiln_runner.protocol import Json

# Names the one Python to use; empty: none, Triton is not looked for.
PYTHON_VARIABLE = "KILN_TRITON_PYTHON"
LOOK_TIMEOUT_S = 30
PROBE_TIMEOUT_S = 40
PYTHONS_MAX = 8
WORDS_CHARS_MAX = 500
DEFAULT_ARCHITECTURE = "sm_90a"
_PLACES = ("/opt/*/bin/python3", "/opt/*/.venv/bin/python3")
_LOOK = "import importlib.util as u, sys; sys.exit(sys.version_info < (3, 9) or u.find_spec('triton') is None)"


class FoundTriton(NamedTuple):
    # {path, version, hidden}; None where there is none that works.
    tool: Optional[TritonTool]
    # Why one that is there does not work.
    warning: Optional[str]


def find_triton(architecture: Optional[str]) -> FoundTriton:
    """`architecture` of the host's GPUs; the code is only compiled, so a host without any is asked for a common one."""
    python = next((path for path in _pythons() if _has_triton(path)), None)
    if python is None:
        return FoundTriton(None, None)
    reported = _probe(python, architecture or DEFAULT_ARCHITECTURE)
    if "error" in reported:
        return FoundTriton(None, f"Triton of {python} does not compile a known kernel: {reported['error']}")
    return FoundTriton({"path": python, "version": f"Triton {reported['version']}", "hidden": reported["hidden"]}, None)


def _pythons() -> list[str]:
    named = os.environ.get(PYTHON_VARIABLE)
    if named is not None:
        return [named] if named else []
    found = [sys.executable, shutil.which("python3")] + [path for place in _PLACES for path in sorted(glob.glob(place))]
    return [path for path in dict.fromkeys(found) if path][:PYTHONS_MAX]


def _has_triton(python: str) -> bool:
    try:
        done = subprocess.run(
            [python, "-c", _LOOK], env=child_environment(), capture_output=True, timeout=LOOK_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _probe(python: str, architecture: str) -> Json:
    command = self_command("triton-worker", "--probe", architecture, python=python)
    environment = child_environment(CUDA_VISIBLE_DEVICES="")
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=PROBE_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"error": f"{error}; restart the runner to try again"}
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {"error": f"the probe ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()[-WORDS_CHARS_MAX:]}"}
