"""Which compilers the host has, as the server knows them: names that go into artifact hashes, never loaded libraries."""
import hashlib
import platform
from pathlib import Path
from typing import Optional

from kiln_runner.compile.simulated import COMPILER, compile_simulated
from kiln_runner.compile.tools import Tools
from kiln_runner.identity import self_command
from kiln_runner.protocol import CompileUnit

PIP_CUDA = "pip install nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cuda-crt nvidia-cuda-cccl"
MEND = {
    "c": "no gcc on this host; install it: apt-get install gcc",
    "cuda": f"neither NVRTC nor nvcc on this host; {PIP_CUDA}, or install the CUDA toolkit",
    "triton": "no Triton that works on this host; pip install 'triton>=3.3', or name a Python that has it in KILN_TRITON_PYTHON",
}


class Compilers:
    """`tools` is {gcc, nvrtc, nvcc, triton} of the inventory; each null or {path, version, …}."""

    def __init__(self, tools: Tools, artifacts: Path, work: Path, *, simulated: bool) -> None:
        self.artifacts = artifacts
        self.work = work
        # Whether the fleet file allows compilers without walls on this host.
        self.unconfined = False
        self._simulated = simulated
        self.retool(tools)

    def retool(self, tools: Tools) -> None:
        """The inventory was taken (again)."""
        self.tools = tools
        self._versions = compiler_versions(tools, simulated=self._simulated)

    def version(self, language: str) -> Optional[str]:
        """Tells apart every compiler whose code could differ; None where there is none."""
        return self._versions.get(language)

    def worker_kind(self, language: str) -> str:
        """Which kind of worker compiles it: Triton needs a process that has it imported."""
        return "triton" if language == "triton" else "native"

    def worker_command(self, kind: str) -> list[str]:
        if kind == "triton" and self.tools["triton"]:
            return self_command("triton-worker", python=self.tools["triton"]["path"])
        return self_command("compile-worker")

    def mend(self, language: str) -> str:
        return MEND[language]

    def simulates(self, language: str) -> bool:
        return self._simulated and language != "c"

    def simulate(self, artifact: str, unit: CompileUnit) -> None:
        compile_simulated(self.artifacts, artifact, unit)


def compiler_versions(tools: Tools, *, simulated: bool) -> dict[str, str]:
    """By language, for those that the host compiles. Two hosts with the same one make the same code of a unit."""
    versions: dict[str, str] = {}
    cuda = tools["nvrtc"] or tools["nvcc"]
    if cuda:
        headers = tools["nvrtc"]["headers"] if tools["nvrtc"] else ""
        versions["cuda"] = f"{cuda['version']}, headers {headers}" if headers else cuda["version"]
    if tools["triton"]:
        versions["triton"] = tools["triton"]["version"]
    if simulated:
        versions.update(cuda=COMPILER, triton=COMPILER)
    if tools["gcc"]:
        # -march=native: code for this processor, though the folder may be shared with other hosts.
        versions["c"] = f"{tools['gcc']['version']} for {_processor_hash()}"
    return versions


def _processor_hash() -> str:
    """Of the processor's model and features: the same hash runs the same native code."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        lines = [platform.processor()]
    kept = [line for line in lines if line.split("\t")[0] in ("model name", "flags", "Features", "CPU part")]
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:12]
