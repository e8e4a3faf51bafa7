"""`program-environment [--device N --architecture NAME]`: what an environment is, told by its own Python.

Versions, a key over all of them, what its sandbox holds on this host, and whether programs can be recorded in it.
"""
import hashlib
import json
import platform
import sys
from importlib import metadata
from typing import Any, Optional

from kiln_runner.compile.confinement import NO_LEVEL
from kiln_runner.programs.environment_imports import IMPORTS, import_all, keep_settings, places
from kiln_runner.programs.recorder_probe import probe_recorder
from kiln_runner.programs.sandbox import device_nodes
from kiln_runner.programs.sandbox_probe import SandboxLevel
from kiln_runner.programs.sandbox_probe import probe as probe_sandbox
from kiln_runner.programs.triton_compile import prepare
from kiln_runner.programs.triton_kernels import UNPREPARED_WORDS, unprepared

# Those that people ask for by name; the key is over all.
SHOWN = (
    "torch", "triton", "numpy", "ninja", "einops", "cupy", "cuda-python", "nvidia-cutlass-dsl", "tilelang", "flashinfer-python", "apache-tvm-ffi",
    "transformer-engine", "flash-attn", "xformers",
)
NO_GPU = "programs are built here and not recorded: this host has no GPU"


def run(argv: list[str]) -> int:
    """`--device N`: the number of a GPU's device node, for the sandbox; `--architecture`: that GPU's."""
    device = int(argv[argv.index("--device") + 1]) if "--device" in argv else None
    architecture = argv[argv.index("--architecture") + 1] if "--architecture" in argv else ""
    print(json.dumps(probe(device, architecture)), flush=True)
    return 0


def probe(device: Optional[int], architecture: str) -> dict[str, Any]:
    """As the inventory tells it, without the name; {error} where programs cannot use it."""
    keep_settings()
    imported = import_all(list(IMPORTS))
    if IMPORTS[0] not in imported.versions:
        return {"error": next((words for words in imported.warnings if words.startswith(f"{IMPORTS[0]} ")), f"it has no {IMPORTS[0]}")}
    packages = _packages()
    nodes = device_nodes(device) if device is not None else []
    held = probe_sandbox(places(), nodes)
    unable = _why_not_recorded(held, nodes, architecture)
    prepare()
    triton = [f"{UNPREPARED_WORDS}: {why}" for why in unprepared if nodes]
    warnings = [*imported.warnings, *([f"sandbox: {held.why}"] if held.why else []), *([unable] if unable else []), *triton]
    return {
        "key": key_of(packages), "python": platform.python_version(), "torch": imported.versions.get("torch"),
        "triton": imported.versions.get("triton"), "cuda": _cuda_version(), "packages": {name: packages[name] for name in SHOWN if name in packages},
        "sandbox": {"level": held.level, "boundedBy": held.bounded_by}, "recorder": "none" if unable else "cupti", "warnings": warnings,
    }


def _why_not_recorded(held: SandboxLevel, nodes: list[str], architecture: str) -> str:
    if not nodes:
        return NO_GPU
    if held.level == NO_LEVEL:
        return "programs are built here and not recorded: no sandbox holds on this host"
    why = probe_recorder(held.level, places(), nodes, architecture)
    return f"recorder: {why}" if why else ""


def key_of(packages: dict[str, str]) -> str:
    """Two environments with one key run the same code of a program."""
    listed = json.dumps([platform.python_version(), platform.machine(), sorted(packages.items())])
    return hashlib.sha256(listed.encode()).hexdigest()


def _packages() -> dict[str, str]:
    found = ((entry.metadata["Name"], entry.version) for entry in metadata.distributions())
    return {name.lower().replace("_", "-"): version for name, version in found if name}


def _cuda_version() -> Optional[str]:
    """That PyTorch was built for."""
    version = getattr(getattr(sys.modules.get("torch"), "version", None), "cuda", None)
    return str(version)[:40] if version else None
