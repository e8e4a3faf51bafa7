"""An answering program as an artifact: its text, and beside it all that was built of it, so that it needs no other artifact."""
import json
from collections.abc import Mapping
from typing import Any, TypedDict, Union

from kiln_runner.compile.artifact import ArtifactMeta
from kiln_runner.judge_frames import AnsweringProgram
from kiln_runner.protocol_programs import RecordUnit

# Of an artifact that is one.
INDEX = "answering.json"


class Answering(TypedDict):
    """The files of its build stage are beside this."""

    environment: str
    environmentKey: str
    program: AnsweringProgram


def files_of(unit: RecordUnit, environment: str, beside: Mapping[str, bytes]) -> "dict[str, bytes]":
    """`beside`: the files of the build stage's artifact."""
    document: Answering = {"environment": unit["environment"], "environmentKey": environment, "program": program_of(unit)}
    return {**{name: content for name, content in beside.items() if name != "meta.json"}, INDEX: json.dumps(document).encode()}


def program_of(unit: Union[RecordUnit, AnsweringProgram]) -> AnsweringProgram:
    """What its process is asked for, and nothing else of it."""
    program: AnsweringProgram = {
        "files": unit["files"], "entry": unit["entry"], "architecture": unit["architecture"], "cases": unit["cases"],
    }
    if "model" in unit:
        program["model"] = unit["model"]
    return program


def meta_of(unit: RecordUnit, compiler: str) -> ArtifactMeta:
    return {"language": "python", "architecture": unit["architecture"], "kernels": {}, "compiler": compiler, "log": "", "resources": {}}


def read(text: bytes) -> Answering:
    """What this host's runner wrote. ValueError, KeyError, TypeError where it did not."""
    document: Any = json.loads(text)
    return {
        "environment": document["environment"], "environmentKey": document["environmentKey"], "program": program_of(document["program"]),
    }
