"""Compiling for simulated GPUs: no compiler at all, an artifact made of its own hash."""
from pathlib import Path

from kiln_runner.compile.artifact import ArtifactMeta, store_artifact
from kiln_runner.protocol import CompileUnit

COMPILER = "simulated compiler"


def compile_simulated(artifacts: Path, artifact: str, unit: CompileUnit) -> None:
    meta: ArtifactMeta = {
        "language": unit["language"], "architecture": unit["architecture"], "kernels": {}, "compiler": COMPILER,
        "log": "", "resources": {},
    }
    store_artifact(artifacts, artifact, meta, {"code.cubin": artifact.encode()})
