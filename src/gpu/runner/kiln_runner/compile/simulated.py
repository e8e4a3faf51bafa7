"""Compiling for simulated GPUs: no compiler at all, an artifact made of its own hash. One that computes wrongly makes another (for tests). A program
says by a comment what becomes of its recording."""
import os
from pathlib import Path
from typing import Optional

from kiln_runner.compile.artifact import ArtifactMeta, store_artifact
from kiln_runner.protocol import CompileUnit
from kiln_runner.protocol_programs import OwnRecordUnit

COMPILER = "simulated compiler"
# While the file that it names exists, what is compiled is wrong.
WRONG_VARIABLE = "KILN_SIMULATED_WRONG_COMPILER"
WRONG = b"computes wrongly: "
# Lines of a program: its recording is refused, or is wrong. By its answers it is right.
UNRECORDABLE = "# simulated: it cannot be recorded"
WRONGLY_RECORDED = "# simulated: its recording is wrong"
# In the artifact of a program that its judge calls.
ANSWERING = "answering.json"


def compile_simulated(artifacts: Path, artifact: str, unit: CompileUnit) -> None:
    meta: ArtifactMeta = {
        "language": unit["language"], "architecture": unit["architecture"], "kernels": {}, "compiler": COMPILER,
        "log": "", "resources": {},
    }
    store_artifact(artifacts, artifact, meta, {"code.cubin": (WRONG if _computes_wrongly() else b"") + artifact.encode()})


def record_simulated(artifacts: Path, artifact: str, unit: OwnRecordUnit) -> Optional[str]:
    """Returns why it cannot be recorded."""
    text = "".join(file["content"] for file in unit["files"])
    answers = unit.get("by") == "answers"
    if UNRECORDABLE in text and not answers:
        return "a simulated recorder was asked to refuse it"
    meta: ArtifactMeta = {
        "language": unit["language"], "architecture": unit["architecture"], "kernels": {}, "compiler": COMPILER, "log": "", "resources": {},
    }
    code = (WRONG if WRONGLY_RECORDED in text and not answers else b"") + artifact.encode()
    store_artifact(artifacts, artifact, meta, {"code.cubin": code, **({ANSWERING: b"{}"} if answers else {})})
    return None


def _computes_wrongly() -> bool:
    sign = os.environ.get(WRONG_VARIABLE)
    return sign is not None and Path(sign).exists()
