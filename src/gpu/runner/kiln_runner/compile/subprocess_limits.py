"""Runs a compiler as a child of a compile worker, within limits, and leaves nothing behind."""
import errno
import os
import resource
import signal
import subprocess
from types import FrameType
from typing import NamedTuple, Optional

from kiln_runner.compile.units import Infra
from kiln_runner.parent_death import request_signal

FILE_BYTES_MAX = 64 * 1024 * 1024
OUTPUT_BYTES_MAX = 1024 * 1024
CPU_GRACE_SECONDS = 5
MISSING_ERRORS = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ENOTDIR)


class Finished(NamedTuple):
    code: int
    log: str


def run_limited(argv: list[str], folder: str, cpu_seconds: int, memory_bytes: Optional[int]) -> Finished:
    """Runs `argv` in `folder` (empty but for the source), its only temporary place. The log is cut at OUTPUT_BYTES_MAX.

    Time is limited by the pool, which kills the worker's whole process group; the processor limit is for what that would miss.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))
        # With a signal of its own first: SIGKILL would look as if somebody else had ended it.
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + CPU_GRACE_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory_bytes is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    environment = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": folder, "LC_ALL": "C", "HOME": folder}
    # In memory: what a compiler says of a full disk must not be lost on it.
    with os.fdopen(os.memfd_create("compiler-log"), "w+b") as log, _GroupDiesWithServer():
        try:
            # preexec_fn is safe here: a compile worker has one thread.
            done = subprocess.run(
                argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=limit, check=False
            )
        except OSError as error:
            code = "compiler_missing" if error.errno in MISSING_ERRORS else "compiler_failed"
            raise Infra(code, f"{argv[0]} does not start on this host: {error}") from error
        log.seek(0)
        return Finished(done.returncode, log.read(OUTPUT_BYTES_MAX).decode(errors="replace"))


def _kill_group(_number: int, _frame: Optional[FrameType]) -> None:
    os.killpg(0, signal.SIGKILL)


class _GroupDiesWithServer:
    """While a compiler runs, the server's death must end the compiler and its own children too, not only this worker.

    The kernel tells only the worker; so it gets SIGTERM instead of SIGKILL and passes it on to its whole group.
    """

    def __enter__(self) -> None:
        signal.signal(signal.SIGTERM, _kill_group)
        request_signal(signal.SIGTERM)

    def __exit__(self, *_: object) -> None:
        request_signal(signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
