"""The form of a recording before it means anything: bounded text, bounded numbers, known fields. Every limit of a recording is named here."""
import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NoReturn

from kiln_runner.schema import Shape, ShapeError, array, boolean, integer, matching, nullable, one_of, record, union

# Of an artifact that is a recording: {case: file of its text}. Binaries are files by their hash; stored bytes too, packed by zlib, with this ending.
INDEX, PACKED = "recordings.json", ".z"
TEXT_BYTES_MAX = 4 * 1024 * 1024
# The driver's queue holds about 1,024 commands (judge/gpu/timing.py): a run that fits there with what comes before it is timed without the host.
OPERATIONS_MAX = 960
SEGMENTS_MAX, MODULES_MAX, IMAGES_MAX, NOTES_MAX = 4096, 256, 4096, 64
# Together, of each recording. A layer of 8,192 x 8,192 numbers in 4 bytes has 256 MiB.
BLOBS_BYTES_MAX = 320 * 1024 * 1024
# A library's binary holds every kernel of one of its sources: of PyTorch some have tens of MiB.
MODULES_BYTES_MAX = 256 * 1024 * 1024
# What a recorder hands in at the end: all of it, with what can be packed packed.
ANSWER_BYTES_MAX = BLOBS_BYTES_MAX + 64 * 1024 * 1024
# On the device, of all recordings of a program together: beyond it the judge would not fit beside it.
MEMORY_BYTES_MAX = 32 * 1024 ** 3
# What a kernel can take at all.
PARAMETERS_BYTES_MAX, PARAMETERS_MAX = 32_764, 4096
NUMBER_DIGITS_MAX = 16
# Addresses: inputs in one place for every recording, arenas at one of 64, so that two recordings can mostly be mapped at once. A problem's own
# programs have arenas behind those, which no other recording may name.
WINDOW_UNIT = 2 * 1024 * 1024
WINDOW_BYTES_MAX = 1 << 38
INPUTS_BASE, ARENA_BASE, ARENAS = 0x2A00_0000_0000, 0x2B00_0000_0000, 64
OWN_BASES = {side: ARENA_BASE + (ARENAS + number) * WINDOW_BYTES_MAX for number, side in enumerate(("reference", "baseline", "inputs", "verify"))}
# All of them.
WINDOWS = (INPUTS_BASE, max(OWN_BASES.values()) + WINDOW_BYTES_MAX)
_GRID_MAX, _BLOCK_MAX = (2 ** 31 - 1, 65_535, 65_535), (1024, 1024, 64)
_THREADS_MAX, _CLUSTER_MAX, _SHARED_MAX = 1024, 16, 232_448

_hash = matching(r"[0-9a-f]{64}", "64 hex digits")
_name = matching(r"(?a)[\w.:-]{1,128}", "a name of at most 128 letters and digits")
_kernel = matching(r"(?a)[A-Za-z_$.][\w$.]{0,4095}", "the name of a kernel")
_note = matching(r"(?s).{1,300}", "a text of at most 300 characters")
_base64 = matching(r"[A-Za-z0-9+/]*={0,2}", "base64")
_address = integer(0)
_count = integer(1)


def arena_base(number: int) -> int:
    return ARENA_BASE + number % ARENAS * WINDOW_BYTES_MAX


def arena_bases(*, of_problem: bool) -> Sequence[int]:
    """Of a problem's own programs, or of all others."""
    return list(OWN_BASES.values()) if of_problem else range(ARENA_BASE, arena_base(ARENAS - 1) + 1, WINDOW_BYTES_MAX)


def _dimensions(largest: tuple[int, ...], product: int) -> Shape:
    three = array(_count, 3, 3)

    def check(value: Any) -> None:
        three(value)
        if any(size > most for size, most in zip(value, largest)) or value[0] * value[1] * value[2] > product:
            raise ShapeError(f"must be at most {', '.join(map(str, largest))}, and {product} in all")

    return check


def _at_most(most: int, low: int = 0) -> Shape:
    whole = integer(low)

    def check(value: Any) -> None:
        whole(value)
        if value > most:
            raise ShapeError(f"must be at most {most}")

    return check


_window = record({"name": one_of("inputs", "arena"), "base": _address, "bytes": _count})
_segment = record(
    {
        "name": _name, "window": one_of("inputs", "arena"), "offset": _address, "bytes": _count,
        "role": one_of("in", "out", "inout", "static", "workspace"),
    },
    {"tensor": _name, "image": _hash},
)
_module = record({"hash": _hash, "origin": one_of("built", "library", "in-process")}, {"library": _name})
_operation = union("op", {
    "launch": record({
        "module": _hash, "kernel": _kernel, "grid": _dimensions(_GRID_MAX, 2 ** 63), "block": _dimensions(_BLOCK_MAX, _THREADS_MAX),
        "cluster": nullable(_dimensions((_CLUSTER_MAX,) * 3, _CLUSTER_MAX)), "shared": _at_most(_SHARED_MAX), "cooperative": boolean,
        "serialization": boolean, "params": array(_base64, 0, PARAMETERS_MAX),
    }),
    "set": record({"at": _address, "value": _address, "width": _at_most(4, 1), "count": _count}),
    "copy": record({"from": _address, "to": _address, "bytes": _count}),
    "upload": record({"to": _address, "data": _hash}),
})
_recording = record({
    "kind": one_of("recorded"), "version": _at_most(1, 1), "windows": array(_window, 1, 2), "segments": array(_segment, 1, SEGMENTS_MAX),
    "modules": array(_module, 0, MODULES_MAX), "images": array(record({"hash": _hash}), 0, IMAGES_MAX),
    "ops": array(_operation, 1, OPERATIONS_MAX), "notes": array(_note, 0, NOTES_MAX),
})


def check_shape(document: Any) -> None:
    """ShapeError naming the first field that is wrong."""
    _recording(document)
    for at, operation in enumerate(document["ops"]):
        if operation["op"] == "set" and operation["width"] == 3:
            raise ShapeError("must be 1, 2 or 4", f"ops[{at}].width")


def bytes_of(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ShapeError(f"is not base64: {error}", field) from error


def decode_text(text: bytes) -> Any:
    """JSON with whole numbers only, none of them long, and no field twice."""
    if len(text) > TEXT_BYTES_MAX:
        raise ShapeError(f"has {len(text)} bytes; at most {TEXT_BYTES_MAX} are read")
    try:
        return json.loads(text, parse_int=_whole, parse_float=_refused, parse_constant=_refused, object_pairs_hook=_fields)
    except RecursionError as error:
        raise ShapeError("is nested too deeply") from error
    except ShapeError:
        raise
    except ValueError as error:
        raise ShapeError(f"is not JSON: {error}") from error


def _whole(digits: str) -> int:
    if len(digits) > NUMBER_DIGITS_MAX:
        raise ShapeError(f"holds a number of {len(digits)} digits")
    return int(digits)


def _refused(number: str) -> NoReturn:
    raise ShapeError(f"holds {number[:20]}; only whole numbers are allowed")


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ShapeError("names a field twice")
    return fields
