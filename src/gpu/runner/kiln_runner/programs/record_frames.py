"""What a recorder is asked for and what it answers: one frame each. The answer comes out of a hostile process and is read as such."""
import re
import zlib
from typing import Any, Literal, NamedTuple, TypedDict, Union, cast

from kiln_runner.frames import FrameDecoder, FrameError, encode
from kiln_runner.programs.recording_shape import ANSWER_BYTES_MAX, BLOBS_BYTES_MAX, MODULES_BYTES_MAX, TEXT_BYTES_MAX
from kiln_runner.protocol import Json
from kiln_runner.protocol_programs import RECORDED_CASES_MAX, ModelCall, RecordedCase

BLOBS_MAX = 8192
WORDS_MAX = 16_000
# Of the cases of one program together.
UNPACKED_BYTES_MAX = BLOBS_BYTES_MAX + MODULES_BYTES_MAX
Refusal = Literal["contract", "crashed", "compile_error", "unequipped"]
# What the message of `contract` begins with where the program may be right, and is judged by its answers then (src/domain/program.ts).
NOT_RECORDABLE = "it cannot be recorded: "
# Of Triton kernels that are to be compiled; `call` is base64.
KERNELS_MAX, KERNEL_NAME_CHARS_MAX, CALL_CHARS_MAX, CALLS_CHARS_MAX = 256, 200, 128 * 1024, 4 * 1024 * 1024
_KEY, _CALL = re.compile(r"[0-9a-f]{64}"), re.compile(r"[A-Za-z0-9+/]+={0,2}")


class _RecordAsked(TypedDict):
    """Of a program's task. `device`: how the driver calls the GPU, or empty. `arena`: the first address of its memory."""

    files: list[Any]
    entry: Any
    architecture: str
    device: str
    arena: int
    cases: list[RecordedCase]


class RecordAsked(_RecordAsked, total=False):
    """`needsRoom`: nothing is recorded where the device is short of memory."""

    model: ModelCall
    needsRoom: bool


class Wanted(TypedDict):
    """A Triton kernel that is to be compiled. `key`: Triton's own. `call`: what it is compiled from, for the build stage alone to read."""

    key: str
    kernel: str
    call: str


class Refused(NamedTuple):
    """`verdict`: contract (it cannot be recorded, or its results are none), crashed (it raised), compile_error (a kernel that it launches does not
    compile), or unequipped: the recorder cannot work there."""

    verdict: Refusal
    case: str
    message: str


class Answered(NamedTuple):
    """`texts`: case -> its recording; `blobs`: by SHA-256, unchecked; `packed`: the same as they came."""

    texts: dict[str, bytes]
    blobs: dict[str, bytes]
    packed: dict[str, bytes]


class Wants(NamedTuple):
    """Kernels without which it cannot be recorded, each once."""

    kernels: list[Wanted]


class TooLarge(ValueError):
    """It does not fit into an answer; the message says how large it is."""


class NoAnswer(ValueError):
    """What came is no answer of a recorder's; the message says where."""


def pack(texts: dict[str, bytes], blobs: dict[str, bytes]) -> bytes:
    """A library's workspace is mostly zeros: packed it is nothing. TooLarge."""
    packed, unpacked = _packed(blobs, quick=True), sum(map(len, blobs.values()))
    if sum(map(len, (*texts.values(), *packed.values()))) > ANSWER_BYTES_MAX:
        packed = _packed(blobs, quick=False)
    size = sum(map(len, (*texts.values(), *packed.values())))
    if size > ANSWER_BYTES_MAX or unpacked > UNPACKED_BYTES_MAX:
        words = f"its binaries and what it keeps between calls have {unpacked} bytes, and packed with the lists of what it launches {size}"
        raise TooLarge(f"{words}; at most {UNPACKED_BYTES_MAX} and {ANSWER_BYTES_MAX} are taken")
    header = {
        "type": "recorded", "cases": [[name, len(text)] for name, text in texts.items()],
        "blobs": [[digest, len(data)] for digest, data in packed.items()],
    }
    return encode(header, b"".join([*texts.values(), *packed.values()]), ANSWER_BYTES_MAX)


def _packed(blobs: dict[str, bytes], *, quick: bool) -> dict[str, bytes]:
    """`quick`: what hardly packs, such as a model's weights, goes as it is. It takes seconds otherwise, and the device is held meanwhile."""
    return {digest: zlib.compress(data, 0 if quick and _hardly_packs(data) else 1) for digest, data in blobs.items()}


def _hardly_packs(data: bytes) -> bool:
    """By some pieces of it."""
    if len(data) < _LOOKED_AT * _PIECE_BYTES:
        return False
    step = len(data) // _LOOKED_AT
    pieces = b"".join(data[at * step : at * step + _PIECE_BYTES] for at in range(_LOOKED_AT))
    return len(zlib.compress(pieces, 1)) > _PACKS_SHARE_MOST * len(pieces)


_LOOKED_AT, _PIECE_BYTES, _PACKS_SHARE_MOST = 8, 16 * 1024, 0.85


def pack_refusal(verdict: Refusal, case: str, message: str) -> bytes:
    return encode({"type": "refused", "verdict": verdict, "case": case, "message": message[:WORDS_MAX]})


def pack_wants(kernels: list[Wanted]) -> bytes:
    return encode({"type": "wants", "kernels": kernels})


def answer_of(data: bytes) -> Union[Answered, Refused, Wants]:
    """NoAnswer where it is none of them."""
    try:
        frames = list(FrameDecoder(ANSWER_BYTES_MAX).feed(data))
    except FrameError as error:
        raise NoAnswer(f"{error}") from error
    if len(frames) != 1:
        raise NoAnswer(f"{len(frames)} frames")
    header, payload = frames[0].header, frames[0].payload
    if header["type"] == "refused":
        return _refusal_of(header)
    if header["type"] == "wants":
        return Wants(_wanted(header.get("kernels")))
    cases, blobs = _parts(header.get("cases"), RECORDED_CASES_MAX, TEXT_BYTES_MAX), _parts(header.get("blobs"), BLOBS_MAX, ANSWER_BYTES_MAX)
    if sum(size for _, size in [*cases, *blobs]) != len(payload):
        raise NoAnswer("what it announces is not what came")
    at, texts, found = 0, dict[str, bytes](), dict[str, bytes]()
    for names, into in ((cases, texts), (blobs, found)):
        for name, size in names:
            into[name] = payload[at : at + size]
            at += size
    return Answered(texts, unpacked(found), found)


def unpacked(packed: dict[str, bytes]) -> dict[str, bytes]:
    """NoAnswer where something is not as `pack` makes it, or all of it is too large."""
    left, found = UNPACKED_BYTES_MAX, dict[str, bytes]()
    for name, data in packed.items():
        one = zlib.decompressobj()
        try:
            found[name] = one.decompress(data, left + 1)
        except zlib.error as error:
            raise NoAnswer(f"a part that is not packed: {error}") from error
        left -= len(found[name])
        if left < 0 or not one.eof or one.unused_data:
            raise NoAnswer(f"a part that is cut off, or more than {UNPACKED_BYTES_MAX} bytes")
    return found


def _refusal_of(header: Json) -> Refused:
    verdict, case, message = (header.get(name) for name in ("verdict", "case", "message"))
    if verdict not in ("contract", "crashed", "compile_error", "unequipped") or not isinstance(case, str) or not isinstance(message, str):
        raise NoAnswer("a refusal without its words")
    return Refused(verdict, case[:200], message[:WORDS_MAX])


def _wanted(listed: Any) -> list[Wanted]:
    kernels = cast(list[Any], listed) if isinstance(listed, list) else []
    if not 0 < len(kernels) <= KERNELS_MAX:
        raise NoAnswer(f"it launches {len(kernels)} kernels that are not compiled; 1 to {KERNELS_MAX} can be")
    found: dict[str, Wanted] = {}
    for kernel in kernels:
        key, name, call = (cast(Json, kernel).get(field) if isinstance(kernel, dict) else None for field in ("key", "kernel", "call"))
        if not isinstance(key, str) or not _KEY.fullmatch(key) or not isinstance(name, str) or len(name) > KERNEL_NAME_CHARS_MAX:
            raise NoAnswer("a kernel without key and name")
        if not isinstance(call, str) or len(call) > CALL_CHARS_MAX or not _CALL.fullmatch(call):
            raise NoAnswer("a kernel without what it is compiled from, or with too much of it")
        found[key] = {"key": key, "kernel": name, "call": call}
    if sum(len(kernel["call"]) for kernel in found.values()) > CALLS_CHARS_MAX:
        raise NoAnswer(f"what its kernels are compiled from has more than {CALLS_CHARS_MAX} characters")
    return list(found.values())


def _parts(listed: Any, most: int, bytes_max: int) -> list[tuple[str, int]]:
    parts = cast(list[Any], listed) if isinstance(listed, list) else None
    if parts is None or len(parts) > most:
        raise NoAnswer("a list that is none, or too long")
    found: list[tuple[str, int]] = []
    for part in parts:
        name, size = cast(list[Any], part) if isinstance(part, list) and len(cast(list[Any], part)) == 2 else (None, None)
        if not isinstance(name, str) or type(size) is not int or not 0 <= size <= bytes_max:
            raise NoAnswer("a part without name and size")
        found.append((name, size))
    if len(dict(found)) != len(found):
        raise NoAnswer("two parts of one name")
    return found
