"""`program-environment [--device N]`: what an environment is, told by its own Python.

Versions, a key over all of them, and what its sandbox holds on this host.
"""
import hashlib
import json
import platform
import sys
from importlib import metadata
from typing import Any, Optional

from kiln_runner.programs.environment_imports import IMPORTS, import_all, keep_settings, places
from kiln_runner.programs.sandbox import device_nodes
from kiln_runner.programs.sandbox_probe import probe as probe_sandbox

# Those that people ask for by name; the key is over all.
SHOWN = (
    "torch", "triton", "numpy", "ninja", "einops", "cupy", "cuda-python", "nvidia-cutlass-dsl", "tilelang", "flashinfer-python", "apache-tvm-ffi",
    "transformer-engine", "flash-attn", "xformers",
)
# The recorder is not part of this version.
RECORDER = "none"
NO_RECORDER = "programs are built here and not yet recorded: this version has no recorder"


def run(argv: list[str]) -> int:
    """`--device N`: the number of a GPU's device node, for the sandbox."""
    print(json.dumps(probe(int(argv[argv.index("--device") + 1]) if "--device" in argv else None)), flush=True)
    return 0


def probe(device: Optional[int]) -> dict[str, Any]:
    """As the inventory tells it, without the name; {error} where programs cannot use it."""
    keep_settings()
    imported = import_all(list(IMPORTS))
    if IMPORTS[0] not in imported.versions:
        return {"error": next((words for words in imported.warnings if words.startswith(f"{IMPORTS[0]} ")), f"it has no {IMPORTS[0]}")}
    packages = _packages()
    held = probe_sandbox(places(), device_nodes(device) if device is not None else [])
    warnings = [*imported.warnings, *([f"sandbox: {held.why}"] if held.why else []), NO_RECORDER]
    return {
        "key": key_of(packages), "python": platform.python_version(), "torch": imported.versions.get("torch"),
        "triton": imported.versions.get("triton"), "cuda": _cuda_version(), "packages": {name: packages[name] for name in SHOWN if name in packages},
        "sandbox": {"level": held.level, "boundedBy": held.bounded_by}, "recorder": RECORDER, "warnings": warnings,
    }


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
