"""What a confined compiler answers, as a frame: written by our code in there, read without trust out here."""
import re
from typing import Any, cast

from kiln_runner.compile.artifact import KernelFacts
from kiln_runner.compile.units import Built, Infra, TimedOut
from kiln_runner.protocol import Json, KernelResources

FILES_MAX = 64
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LISTED = re.compile(r"[a-z_]{1,32}")


def answer_of(built: Built) -> tuple[Json, bytes]:
    rest = {name: value for name, value in built._asdict().items() if name not in ("files", "is_unfinished")}
    return {"type": "built", "files": [[name, len(code)] for name, code in built.files.items()], "rest": rest}, b"".join(built.files.values())


def failure_of(error: BaseException) -> tuple[Json, bytes]:
    """What is not the source's fault; anything unexpected ends the process instead."""
    if isinstance(error, Infra):
        return {"type": "infra", "code": error.code, "message": str(error)}, b""
    if isinstance(error, TimedOut):
        return {"type": "timed_out"}, b""
    if isinstance(error, OSError) and error.errno is not None:
        return {"type": "os_error", "errno": error.errno, "message": str(error)}, b""
    raise error


def built_of(header: dict[str, Any], payload: bytes) -> Built:
    """The Built, or the same exception as in there. KeyError, TypeError, ValueError: it is none of ours."""
    if header["type"] == "infra":
        raise Infra(_matching(_LISTED, header["code"]), str(header["message"])[:2000])
    if header["type"] == "timed_out":
        raise TimedOut()
    if header["type"] == "os_error":
        raise OSError(int(header["errno"]), str(header["message"])[:2000])
    if header["type"] != "built" or len(header["files"]) > FILES_MAX:
        raise ValueError("not an answer")
    files: dict[str, bytes] = {}
    at = 0
    for name, size in header["files"]:
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(payload) - at:
            raise ValueError("a file that is not there")
        files[_matching(_NAME, name)] = payload[at : at + size]
        at += size
    if at != len(payload):
        raise ValueError("more than the files")
    return _checked(files, header["rest"])


def _checked(files: dict[str, bytes], rest: Any) -> Built:
    log, kernels, resources = rest["log"], rest["kernels"], rest["resources"]
    if len(rest) != 3 or not isinstance(log, str) or not isinstance(kernels, dict) or not isinstance(resources, dict):
        raise TypeError("not what compilers tell")
    reported = cast(dict[str, Any], kernels)
    if any(not isinstance(kernel, dict) or cast(KernelFacts, kernel).get("file") not in files for kernel in reported.values()):
        raise ValueError("a kernel without a file")
    return Built(files, reported, log, cast(dict[str, KernelResources], resources))


def _matching(pattern: "re.Pattern[str]", text: Any) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"{text!r} is not allowed")
    return text
