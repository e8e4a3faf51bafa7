"""Compiles one unit into an artifact, in a compile worker. What the source does wrong is data; what the host lacks is `Infra`."""
import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Callable, NamedTuple

from kiln_runner.compile.artifact import ArtifactMeta, KernelFacts, store_artifact
from kiln_runner.compile.log_text import clean_log
from kiln_runner.compile.source_scan import refusal
from kiln_runner.compile.worker_frames import CompileJob, WorkerAnswer
from kiln_runner.protocol import CompileUnit, KernelResources, KernelUnit


class Infra(Exception):
    """The host could not compile, whatever the source. `code` is one of the protocol's infra codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TimedOut(Exception):
    """The compiler ended its work on this source at the limit itself, and stays warm."""


class Built(NamedTuple):
    """`files` empty: the source does not compile, and `log` says why. `is_unfinished`: a program that could not go on without a GPU."""

    files: dict[str, bytes]
    kernels: dict[str, KernelFacts]
    log: str
    resources: dict[str, KernelResources]
    is_unfinished: bool = False


Compiler = Callable[[CompileUnit, str], Built]
KernelCompiler = Callable[[KernelUnit, str], Built]


def compile_unit(job: CompileJob, compiler: Compiler) -> WorkerAnswer:
    """Answer of the worker for {artifact, unit, compiler, artifacts, work}: {status: compiled | failed | timed_out | infra, …}."""
    folder = tempfile.mkdtemp(prefix="compile-", dir=job["work"])
    try:
        built = _build(job["unit"], folder, compiler)
        if not built.files:
            return {"status": "failed", "log": clean_log(built.log, folder)}
        meta = _meta(job, built, folder)
        store_artifact(Path(job["artifacts"]), job["artifact"], meta, built.files)
        return {"status": "compiled"}
    except TimedOut:
        return {"status": "timed_out"}
    except Infra as failure:
        return {"status": "infra", "code": failure.code, "message": str(failure)}
    except OSError as error:
        code = "out_of_disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "internal"
        return {"status": "infra", "code": code, "message": f"compiling in {os.path.dirname(folder)}: {error}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _build(unit: CompileUnit, folder: str, compiler: Compiler) -> Built:
    if unit["language"] == "python":
        # Of several files.
        return compiler(unit, folder)
    # Editors put a byte order mark at the head of a file; not every compiler takes it.
    source = unit["source"].lstrip("\ufeff")
    # Python has no preprocessor: its comments may say `# include`, and what it opens the confinement decides.
    complaint = None if unit["language"] == "triton" else refusal(source)
    return refused(complaint) if complaint else compiler({**unit, "source": source}, folder)


def refused(log: str) -> Built:
    return Built({}, {}, log, {})


def _meta(job: CompileJob, built: Built, folder: str) -> ArtifactMeta:
    unit = job["unit"]
    meta: ArtifactMeta = {
        "language": unit["language"], "architecture": unit["architecture"], "kernels": built.kernels,
        "compiler": job["compiler"], "log": clean_log(built.log, folder), "resources": built.resources,
    }
    if built.is_unfinished:
        meta["finishesInRecorder"] = True
    return meta
