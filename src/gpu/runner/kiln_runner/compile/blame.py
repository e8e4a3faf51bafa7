"""Whose fault it is that a compiler made no code: the source's only where the compiler said so, or where it broke a limit of ours.

Everything else is the host's: a full disk, a compiler that is missing or was killed, one that says nothing.
"""
import errno
import os
import re
import signal
from typing import NamedTuple, Optional

from kiln_runner.compile.confined_run import Ended
from kiln_runner.compile.units import Built, Infra, refused
from kiln_runner.host.room import is_full

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT)
# Limits that the source's needs run into (subprocess_limits.py).
_OURS = {signal.SIGXCPU: "CPU time limit exceeded", signal.SIGXFSZ: "File size limit exceeded"}
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")
# Of the driver program: `gcc: fatal error: Killed signal terminated program cc1`, `nvcc error   : 'cicc' died due to signal 9 (Kill signal)`.
_ENDED = re.compile(
    r"(?:fatal|internal compiler) error: (?P<what>[\w ]+) signal terminated program|(?:terminated with|died due to) signal (?P<number>\d+)"
)
_LACKS_PROGRAM = re.compile(r"cannot execute|cannot find '|error trying to exec|error while loading shared libraries")
# Not what the driver programs say of themselves.
_SAID = re.compile(
    r"^(?!gcc: |collect2: fatal|nvcc (?:error|fatal)|.*error while loading).*(?:\b[Ee]rror\b|ptxas fatal|: out of memory)", re.MULTILINE
)
_MISSING = re.compile(
    r"^(?P<at>[^\s(:]+)[(:].*(?:(?:cannot|could not) open source file \"(?P<a>[^\"]+)\"|fatal error: (?P<b>[^:\s]+): No such file)", re.MULTILINE
)
_MEMORY = "Memory allocation failure"


def made_nothing(compiler: str, code: int, log: str, folder: str) -> Built:
    """For a compiler that ended with `code` and left no code. Infra where the source is not at fault."""
    if _NO_SPACE.search(log) or is_full(folder):
        raise Infra("out_of_disk", f"{compiler} found no space in {folder}: {_short(log)}")
    limit = _limit_of(code, log)
    if limit:
        return refused(f"the source needs more than {compiler} may use: {limit}\n{log}")
    if _was_ended(code, log) or _MEMORY in log:
        raise Infra("compiler_failed", f"{compiler} was ended before it was done ({_how(code)}): {_short(log)}")
    if not _SAID.search(log):
        said = f"said nothing about the source: {_short(log)}" if log.strip() else "said nothing"
        code_for = "compiler_missing" if _LACKS_PROGRAM.search(log) else "compiler_failed"
        raise Infra(code_for, f"{compiler} ended with {_how(code)} and {said}")
    return refused(log)


def check_headers(log: str, source_file: str, own: "Headers") -> None:
    """Infra where a header was not found that belongs to the tool chain: one of its own headers asks for it, or it is known to be one of them."""
    for found in _MISSING.finditer(log):
        header = found["a"] or found["b"]
        # Without a folder it is the compiler that speaks (`cc1: …`), of a file that a pragma of the source named.
        is_in_header = "/" in found["at"] and os.path.basename(found["at"]) != source_file
        if is_in_header or own.names.fullmatch(header):
            raise Infra("toolchain_incomplete", f"the compiler of this host lacks its own header {header}; {own.fix}")


def check_room(ended: Ended) -> None:
    """For a confined source that came to nothing: Infra where its host had no room meanwhile, or somebody killed its guardian. What it says of that
    itself counts only where the guardian found it too."""
    if ended.answer is not None and ended.answer.header.get("type") == "built":
        return
    if ended.lacks == "disk":
        raise Infra("out_of_disk", "this host's disk was full while the source was compiled")
    if ended.lacks == "guardian":
        raise Infra("suspended", ended.log)
    if ended.lacks == "memory":
        raise Infra("compiler_failed", "this host ran out of memory while the source was compiled, and its kernel ended processes for that")


class Headers(NamedTuple):
    """Those that come with a compiler, or belong to it though they come apart; `fix` brings them."""

    names: "re.Pattern[str]"
    fix: str


def _limit_of(code: int, log: str) -> Optional[str]:
    ended = _ENDED.search(log)
    for number, words in _OURS.items():
        if code == -number or (ended and (ended["what"] == words or ended["number"] == str(int(number)))):
            return words
    return None


def _was_ended(code: int, log: str) -> bool:
    return code < 0 or _ENDED.search(log) is not None


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _short(log: str) -> str:
    return log.strip()[:500]
