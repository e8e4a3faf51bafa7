"""What a recorder is asked for and what it answers: one frame each. The answer comes out of a hostile process and is read as such."""
from typing import Any, Literal, NamedTuple, TypedDict, Union, cast

from kiln_runner.frames import FrameDecoder, FrameError, encode
from kiln_runner.programs.recording_shape import TEXT_BYTES_MAX
from kiln_runner.protocol import Json
from kiln_runner.protocol_programs import RecordedCase

CASES_MAX = 64
BLOBS_MAX = 8192
WORDS_MAX = 16_000
# What a frame may hold, with room for what is around it.
ANSWER_BYTES_MAX = 60 * 1024 * 1024
Refusal = Literal["contract", "crashed", "unequipped"]


class RecordAsked(TypedDict):
    """Of a program's task. `device`: how the driver calls the GPU, or empty. `arena`: the first address of its memory."""

    files: list[Any]
    entry: Any
    architecture: str
    device: str
    arena: int
    cases: list[RecordedCase]


class Refused(NamedTuple):
    """`verdict`: contract (it cannot be recorded, or its results are none), crashed (it raised), or unequipped: the recorder cannot work there."""

    verdict: Refusal
    case: str
    message: str


class Answered(NamedTuple):
    """`texts`: case -> its recording; `blobs`: by SHA-256, unchecked."""

    texts: dict[str, bytes]
    blobs: dict[str, bytes]


class NoAnswer(ValueError):
    """What came is no answer of a recorder's; the message says where."""


def pack(texts: dict[str, bytes], blobs: dict[str, bytes]) -> bytes:
    header = {
        "type": "recorded", "cases": [[name, len(text)] for name, text in texts.items()],
        "blobs": [[digest, len(data)] for digest, data in blobs.items()],
    }
    return encode(header, b"".join([*texts.values(), *blobs.values()]))


def pack_refusal(verdict: Refusal, case: str, message: str) -> bytes:
    return encode({"type": "refused", "verdict": verdict, "case": case, "message": message[:WORDS_MAX]})


def answer_of(data: bytes) -> Union[Answered, Refused]:
    """NoAnswer where it is neither."""
    try:
        frames = list(FrameDecoder().feed(data))
    except FrameError as error:
        raise NoAnswer(f"{error}") from error
    if len(frames) != 1:
        raise NoAnswer(f"{len(frames)} frames")
    header, payload = frames[0].header, frames[0].payload
    if header["type"] == "refused":
        return _refusal_of(header)
    cases, blobs = _parts(header.get("cases"), CASES_MAX, TEXT_BYTES_MAX), _parts(header.get("blobs"), BLOBS_MAX, ANSWER_BYTES_MAX)
    if sum(size for _, size in [*cases, *blobs]) != len(payload):
        raise NoAnswer("what it announces is not what came")
    at, texts, found = 0, dict[str, bytes](), dict[str, bytes]()
    for names, into in ((cases, texts), (blobs, found)):
        for name, size in names:
            into[name] = payload[at : at + size]
            at += size
    return Answered(texts, found)


def _refusal_of(header: Json) -> Refused:
    verdict, case, message = (header.get(name) for name in ("verdict", "case", "message"))
    if verdict not in ("contract", "crashed", "unequipped") or not isinstance(case, str) or not isinstance(message, str):
        raise NoAnswer("a refusal without its words")
    return Refused(verdict, case[:200], message[:WORDS_MAX])


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
