"""What a program raised, as its author wants to read it."""
import os
import traceback

from kiln_runner.programs.program_files import FOLDER

LINES_MAX = 40


def words_of(error: BaseException, home: str) -> str:
    """Of the program's own lines: what is ours before them says nothing. `home`: the folder that the program's lies in."""
    trace = traceback.TracebackException.from_exception(error)
    own = [at for at, frame in enumerate(trace.stack) if frame.filename.startswith(os.path.join(home, FOLDER))]
    trace.stack = traceback.StackSummary.from_list(list(trace.stack)[own[0] :] if own else [])
    return "".join(list(trace.format())[-LINES_MAX:]).replace(os.path.join(home, FOLDER) + "/", "")
