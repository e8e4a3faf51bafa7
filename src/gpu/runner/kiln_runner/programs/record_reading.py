"""What comes of what a program's process answered, and what of it is stored; and which programs need no process for that."""
import errno
from pathlib import Path
from typing import Optional, Union

from kiln_runner.compile.artifact import store_artifact
from kiln_runner.compile.pool import infra
from kiln_runner.programs.answering_document import files_of, meta_of
from kiln_runner.programs.built import read as built_files
from kiln_runner.programs.known_program import known_unit
from kiln_runner.programs.record_frames import Wants
from kiln_runner.programs.record_run import Claimed, Run
from kiln_runner.programs.recordings import Kept, Unequipped, kept_of, rehearsed_of
from kiln_runner.programs.zygotes import Answer
from kiln_runner.protocol import Infra
from kiln_runner.protocol_outcomes import CompileOutcome
from kiln_runner.protocol_programs import OwnRecordUnit


def answers(unit: OwnRecordUnit) -> bool:
    return unit.get("by") == "answers"


def answers_at_once(unit: OwnRecordUnit) -> bool:
    """Without Triton nothing of it is found missing when it is called."""
    return answers(unit) and not any("triton" in file["content"] for file in unit["files"])


def recorded_by(run: Run) -> OwnRecordUnit:
    return run.unit if run.claimed is None else known_unit(run.unit["architecture"])


def lacking(run: Run, answer: Answer) -> Optional[Claimed]:
    """By the known program's process, which nothing else runs in. None: the recorder works."""
    try:
        kept_of(answer.answer, recorded_by(run), "", "")
        return None
    except Unequipped as error:
        return Claimed(str(error))


def read_run(artifacts: Path, run: Run, answer: Optional[Answer], compiler: str) -> Union[CompileOutcome, Infra, Wants, Claimed, None]:
    """In a thread. None: it is stored."""
    try:
        if answers(run.unit):
            kept = _answering_of(artifacts, run, answer, compiler)
        else:
            assert answer is not None, "nothing is recorded without an answer"
            kept = kept_of(answer.answer, run.unit, compiler, answer.log)
        if not isinstance(kept, Kept):
            return kept
        store_artifact(artifacts, run.artifact, kept.meta, kept.files)
        return None
    except Unequipped as error:
        return Claimed(str(error))
    except OSError as error:
        code = "out_of_disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "internal"
        return infra(code, f"the recording cannot be stored: {error}")


def _answering_of(artifacts: Path, run: Run, answer: Optional[Answer], compiler: str) -> Union[Kept, Wants, CompileOutcome]:
    """`answer`: of its rehearsal, where there was one. Unequipped, OSError."""
    if answer is not None:
        rehearsed = rehearsed_of(answer.answer, answer.log)
        if rehearsed is not None:
            return rehearsed
    files = files_of(run.unit, run.tool["key"], built_files(artifacts / run.built))
    return Kept(meta_of(run.unit, compiler), files)
