"""What this runner is: the archive it runs from, its hash, and how to start a child of the same program."""
import hashlib
import os
import sys
from pathlib import Path

from kiln_runner.parent_death import PARENT_VARIABLE

# The zip file when run as a zipapp, the folder of the package when run from source.
ROOT = Path(__file__).resolve().parents[1]


def runner_hash() -> str:
    """sha256 of the archive; from source, of every Python and CUDA file with its path."""
    if ROOT.is_file():
        return hashlib.sha256(ROOT.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for path in sorted((ROOT / "kiln_runner").rglob("*")):
        if path.suffix in (".py", ".cu", ".c", ".h"):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def self_command(command: str, *arguments: str, python: str = sys.executable) -> list[str]:
    if ROOT.is_file():
        return [python, str(ROOT), command, *arguments]
    return [python, "-m", "kiln_runner", command, *arguments]


def own_environment(**changes: str) -> dict[str, str]:
    """Environment of a process that runs this program."""
    environment = {**os.environ, **changes}
    if ROOT.is_dir():
        environment["PYTHONPATH"] = str(ROOT)
    return environment


def child_environment(**changes: str) -> dict[str, str]:
    """Environment of a child that must not outlive this process."""
    return own_environment(**{PARENT_VARIABLE: str(os.getpid()), **changes})
