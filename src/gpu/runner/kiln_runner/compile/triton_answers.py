"""What comes out of the two confined copies that compile a Triton source: read without trust, and made into what the pool keeps."""
import re
from typing import Any, Optional

from kiln_runner.compile.artifact import KernelFacts
from kiln_runner.compile.confined_run import Ended
from kiln_runner.compile.units import Built, Infra, refused
from kiln_runner.compile.view import INSIDE
from kiln_runner.protocol import Json, KernelUnit

SHARED_BYTES_MAX = 256 * 1024
WARPS_MAX = 64
HIDDEN_MAX = 8
# What a kernel is kept as, beside its code.
LANGUAGE = "ttir"
_MODULE = re.compile(r"(?:[#!/][^\n]*\n|\s)*module\b")
# What ptxas says of an architecture newer than itself: no fault of the source.
UNKNOWN_ARCHITECTURE = "is not defined for option 'gpu-name'"


def texts_of(ended: Ended, unit: KernelUnit) -> tuple[Optional[list[str]], str]:
    """(TTIR of each kernel, what the source printed), or (None, why there is none). Whatever comes is the source's own word."""
    complaint = _complaint(ended, "the process ended without an answer: it left early or passed a limit")
    if complaint is not None:
        return None, complaint
    try:
        texts = [part.decode() for _, part in _parts(ended, len(unit["kernels"]))]
    except (KeyError, TypeError, ValueError) as error:
        return None, f"the source wrote into its compiler's answer: {type(error).__name__}"
    wrong = next((text for text in texts if not _is_module(text)), None)
    return (None, "the source wrote into its compiler's answer: it is not what Triton makes of a kernel") if wrong is not None else (texts, ended.log)


def built_of(ended: Ended, texts: list[str], printed: str) -> Built:
    """Infra where the host's compiler lacks something."""
    complaint = _complaint(ended, "the compiler ended while it compiled what the source had made")
    if complaint is not None and UNKNOWN_ARCHITECTURE in complaint:
        raise Infra("compiler_missing", "the ptxas of this host's Triton does not know the architecture; install a newer Triton")
    if complaint is not None:
        return refused("\n".join(part for part in (complaint, printed) if part))
    try:
        return _kept(ended, texts, printed)
    except (KeyError, TypeError, ValueError) as error:
        return refused(f"what the compiler made of the source cannot be launched: {error}")


def _kept(ended: Ended, texts: list[str], printed: str) -> Built:
    files: dict[str, bytes] = {}
    kernels: dict[str, KernelFacts] = {}
    for number, (fact, cubin) in enumerate(_parts(ended, len(texts))):
        file = f"code-{number}.cubin"
        # Beside the code what it was made of, since that need not be what the source seems to say.
        files[file], files[f"code-{number}.{LANGUAGE}"] = cubin, texts[number].encode()
        kernels[fact["name"]] = {"file": file, "shared": fact["shared"], "numWarps": fact["numWarps"], "hidden": fact["hidden"]}
    _check(kernels, files)
    return Built(files, kernels, printed, {})


def _complaint(ended: Ended, ended_early: str) -> Optional[str]:
    """Why there is no code, with what was printed; None where there is some."""
    if ended.answer is None:
        why = "its answer was too long" if ended.how == "flooded" else ended_early
        return f"the source was not compiled: {why}\n{ended.log}"
    header = ended.answer.header
    if header["type"] == "built":
        return None
    log = without(str(header.get("log")), ended.folder)
    return "\n".join(part for part in (log, ended.log) if part)


def _parts(ended: Ended, count: int) -> list[tuple[Json, bytes]]:
    """Every kernel's facts and its part of the payload. KeyError, TypeError, ValueError: not what our own code writes."""
    if ended.answer is None:
        raise ValueError("no answer")
    payload, at = ended.answer.payload, 0
    parts: list[tuple[Json, bytes]] = []
    for fact in ended.answer.header["kernels"]:
        size = _whole(fact["bytes"], len(payload) - at)
        parts.append((fact, payload[at : at + size]))
        at += size
    if len(parts) != count or not parts or at != len(payload):
        raise ValueError("not as many kernels as the plan launches")
    return parts


def _check(kernels: dict[str, KernelFacts], files: dict[str, bytes]) -> None:
    """From our own compiler, but it has read what a stranger wrote: numbers out of range must not reach a judge."""
    for kernel in kernels.values():
        shared, warps = _whole(kernel.get("shared"), SHARED_BYTES_MAX), _whole(kernel.get("numWarps"), WARPS_MAX)
        hidden = kernel.get("hidden", [])
        nulls = ["null_ptr"] * _whole(len(hidden), HIDDEN_MAX)
        if hidden != nulls or shared < 0 or warps < 1 or files[kernel.get("file", "")][:4] != b"\x7fELF":
            raise ValueError("not what the compiler makes")


def _is_module(text: str) -> bool:
    """TTIR as text: what our compiler is to read, not code of any other kind."""
    return "\0" not in text and _MODULE.match(text) is not None


def _whole(value: Any, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{value!r} is not within 0 and {most}")
    return value


def without(text: str, folder: str) -> str:
    """`text` without the folder's name: as the process saw it, or as it is."""
    return text.replace(folder + "/", "").replace(folder, "").replace(INSIDE + "/", "").strip()
