"""Which compilers the host has, as the server knows them: names that go into artifact hashes, never loaded libraries."""
import hashlib
import platform
from pathlib import Path
from typing import Optional

from kiln_runner.compile.simulated import COMPILER, compile_simulated
from kiln_runner.compile.tools import EnvironmentTool, Tools
from kiln_runner.identity import self_command
from kiln_runner.protocol import CompileUnit

PIP_CUDA = "pip install nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cuda-crt nvidia-cuda-cccl"
FIXES = {
    "c": "no gcc on this host; install it: apt-get install gcc",
    "cuda": f"neither NVRTC nor nvcc on this host; {PIP_CUDA}, or install the CUDA toolkit",
    "python": "install PyTorch, or name its Python in the fleet file (environments)",
    "triton": "no Triton that works on this host; pip install 'triton>=3.3', or name a Python that has it in KILN_TRITON_PYTHON",
}


PROGRAMS = "python:"


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

    def version(self, unit: CompileUnit) -> Optional[str]:
        """Tells apart every compiler whose code could differ; None where there is none."""
        return self._versions.get(compiler_name(unit))

    def worker_kind(self, unit: CompileUnit) -> str:
        """Which kind of worker compiles it: Triton, and each environment of programs, need a process that has them imported."""
        if unit["language"] == "python":
            return compiler_name(unit)
        return "triton" if unit["language"] == "triton" else "native"

    def worker_command(self, kind: str) -> list[str]:
        environment = next((tool for tool in self.tools["environments"] if f"{PROGRAMS}{tool['name']}" == kind), None)
        if environment is not None:
            return self_command("program-worker", python=environment["path"])
        if kind == "triton" and self.tools["triton"]:
            return self_command("triton-worker", python=self.tools["triton"]["path"])
        return self_command("compile-worker")

    def fix(self, unit: CompileUnit) -> str:
        if unit["language"] == "python":
            names = ", ".join(tool["name"] for tool in self.tools["environments"]) or "none"
            return f"no environment {unit['environment']} for programs on this host (it has {names}); {FIXES['python']}"
        return FIXES[unit["language"]]

    def simulates(self, unit: CompileUnit) -> bool:
        return self._simulated and unit["language"] != "c"

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
    for environment in tools["environments"]:
        versions[f"{PROGRAMS}{environment['name']}"] = _builder_of(environment, tools)
    if simulated:
        versions.update(cuda=COMPILER, triton=COMPILER)
    if tools["gcc"]:
        # -march=native: code for this processor, though the folder may be shared with other hosts.
        versions["c"] = f"{tools['gcc']['version']} for {_processor_hash()}"
    return versions


def compiler_name(unit: CompileUnit) -> str:
    """By which inventory and artifacts know what compiles it."""
    return f"{PROGRAMS}{unit['environment']}" if unit["language"] == "python" else unit["language"]


def _builder_of(environment: EnvironmentTool, tools: Tools) -> str:
    """The environment's versions, and the compilers that its extensions are built with."""
    compilers = [tool["version"] for tool in (tools["nvcc"], tools["gcc"]) if tool]
    return ", ".join([f"environment {environment['key'][:16]} on {platform.machine()}", *compilers])


def _processor_hash() -> str:
    """Of the processor's model and features: the same hash runs the same native code."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        lines = [platform.processor()]
    kept = [line for line in lines if line.split("\t")[0] in ("model name", "flags", "Features", "CPU part")]
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:12]
