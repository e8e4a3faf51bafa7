"""Compiling for simulated GPUs: no compiler at all, an artifact made of its own hash. One that computes wrongly makes another (for tests)."""
import os
from pathlib import Path

from kiln_runner.compile.artifact import ArtifactMeta, store_artifact
from kiln_runner.protocol import CompileUnit

COMPILER = "simulated compiler"
# While the file that it names exists, what is compiled is wrong.
WRONG_VARIABLE = "KILN_SIMULATED_WRONG_COMPILER"
WRONG = b"computes wrongly: "


def compile_simulated(artifacts: Path, artifact: str, unit: CompileUnit) -> None:
    meta: ArtifactMeta = {
        "language": unit["language"], "architecture": unit["architecture"], "kernels": {}, "compiler": COMPILER,
        "log": "", "resources": {},
    }
    store_artifact(artifacts, artifact, meta, {"code.cubin": (WRONG if _computes_wrongly() else b"") + artifact.encode()})


def _computes_wrongly() -> bool:
    sign = os.environ.get(WRONG_VARIABLE)
    return sign is not None and Path(sign).exists()
