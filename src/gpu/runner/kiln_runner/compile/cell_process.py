"""The inside of a cell: compiles what comes, forgets it, compiles the next. Everything it needs is imported before it is confined."""
import gc
import importlib
import os
import shutil
import signal
import sys
import tempfile
from typing import BinaryIO, NamedTuple

from kiln_runner.compile.confinement import Limits, Place, Unconfinable, Walls, drop_privileges
from kiln_runner.compile.log_text import clean_log
from kiln_runner.compile.native import Toolchain
from kiln_runner.compile.tools import Tools
from kiln_runner.compile.view import TEMPORARY
from kiln_runner.compile.wire import answer_of, failure_of
from kiln_runner.frames import encode, read_frame
from kiln_runner.parent_death import request_signal
from kiln_runner.protocol import Json, KernelUnit

KEPT = "kept"
# What the standard library imports by name when it needs it: its files are out of sight then.
for _later in ("encodings.ascii", "encodings.latin_1", "linecache", "traceback"):
    importlib.import_module(_later)
_DESCRIPTORS_MAX = 65536


class CellPipes(NamedTuple):
    """Descriptors. `telling`: why it could not be confined; closed once it is."""

    commands: int
    answers: int
    telling: int


def serve(place: Place, walls: Walls, limits: Limits, tools: Tools, pipes: CellPipes) -> None:
    """Until the worker is gone."""
    commands, answers = _keep_descriptors(pipes)
    os.chdir(walls.inside)
    try:
        drop_privileges(place, walls, limits)
    except (Unconfinable, OSError) as error:
        os.write(pipes.telling, str(error).encode()[:4000])
        return
    os.close(pipes.telling)
    temporary = os.path.join(walls.inside, TEMPORARY)
    os.environ.update(HOME=walls.inside, TMPDIR=temporary)
    tempfile.tempdir = temporary
    read_frame(commands)
    # Only now is the worker its parent, and only after the change of user is this remembered.
    request_signal(signal.SIGKILL)
    toolchain = Toolchain(tools, os.path.join(walls.inside, KEPT))
    # Nothing of the worker's is freed here, so that its pages stay shared.
    gc.freeze()
    while True:
        frame = read_frame(commands)
        if frame is None:
            return
        answers.write(encode(*_compile(toolchain, frame[0]["unit"], walls.inside)))
        _forget(walls.inside)


def _compile(toolchain: Toolchain, unit: KernelUnit, inside: str) -> tuple[Json, bytes]:
    folder = tempfile.mkdtemp(prefix="compile-", dir=inside)
    try:
        built = toolchain.compiler(unit["language"])(unit, folder)
        return answer_of(built._replace(log=clean_log(built.log, folder)))
    except Exception as error:
        return failure_of(error)


def _forget(inside: str) -> None:
    """No process and no file of a source is there when the next one comes."""
    if os.getpid() == 1:
        _end_the_others()
    for entry in os.scandir(inside):
        if entry.name not in (KEPT, TEMPORARY):
            shutil.rmtree(entry.path, ignore_errors=True) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
    for entry in os.scandir(os.path.join(inside, TEMPORARY)):
        shutil.rmtree(entry.path, ignore_errors=True) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)


def _end_the_others() -> None:
    try:
        os.kill(-1, signal.SIGKILL)
        while os.waitpid(-1, 0)[0]:
            pass
    except (ProcessLookupError, ChildProcessError):
        pass


def _keep_descriptors(pipes: CellPipes) -> tuple[BinaryIO, BinaryIO]:
    """Nothing of the worker's own stays open; what compilers print goes where its last words go."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    kept = sorted(pipes)
    for first, behind in zip([2, *kept], [*kept, _DESCRIPTORS_MAX]):
        os.closerange(first + 1, behind)
    sys.stdin = None
    return os.fdopen(pipes.commands, "rb"), os.fdopen(pipes.answers, "wb", buffering=0)
