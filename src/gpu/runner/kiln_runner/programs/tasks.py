"""What a forked copy of a zygote does in its sandbox. A task takes what was asked for and returns bytes: JSON that nobody trusts."""
import json
import os
import traceback
from typing import Any, Callable

from kiln_runner.programs.answer_task import answer
from kiln_runner.programs.built import restore
from kiln_runner.programs.program_files import ProgramRefused, load_entry, program_of, write_files
from kiln_runner.programs.record_task import record
from kiln_runner.programs.sandbox_probe import try_inside

Task = Callable[[Any], bytes]


def look(asked: Any) -> bytes:
    """Imports the entry of a program: {callable} or {error, trace}. `asked.built`: the files that were built of it."""
    try:
        program = program_of(asked)
        root = write_files(program, os.getcwd())
        if asked.get("built"):
            restore(os.getcwd(), asked["built"], root)
        load_entry(program, root)
        return json.dumps({"callable": program.symbol}).encode()
    except ProgramRefused as error:
        return json.dumps({"error": str(error), "trace": ""}).encode()
    except BaseException as error:
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-12:])
        return json.dumps({"error": f"{type(error).__name__}: {error}"[:2000], "trace": trace[-8000:]}).encode()


def hold(asked: Any) -> bytes:
    """What the sandbox holds, tried in it."""
    return try_inside(asked["secret"], asked["hasDevice"])


TASKS: dict[str, Task] = {"look": look, "hold": hold, "record": record, "answer": answer}
