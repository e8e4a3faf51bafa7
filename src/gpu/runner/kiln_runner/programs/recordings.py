"""From what a program's process handed in to an artifact that a judge loads: parsed as hostile, and held against the cases that were asked for."""
import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple, Optional, Union

from kiln_runner.compile.artifact import ArtifactMeta
from kiln_runner.judge.layout import room
from kiln_runner.programs.arena import Block, tensor_rooms
from kiln_runner.programs.record_frames import Answered, NoAnswer, Refused, Wants, answer_of, unpacked
from kiln_runner.programs.recording import Launch, Recording, RecordingRefused, Recordings, Segment
from kiln_runner.programs.recording_shape import ARENAS, INDEX, OWN_BASES, PACKED, WINDOW_BYTES_MAX, WINDOW_UNIT, arena_base
from kiln_runner.protocol_outcomes import CompileError, Contract, Crashed
from kiln_runner.protocol_programs import OwnRecordUnit, OwnSide, RecordedCase, RecordUnit

# Raise when what a recording means changes: old ones are then no longer found.
RECORD_FORMAT = 2
# Where arenas begin within theirs, so that two recordings are hardly ever at the same addresses.
_HASH_CHARS = 64
_STARTS = WINDOW_BYTES_MAX // 2 // WINDOW_UNIT


class Kept(NamedTuple):
    meta: ArtifactMeta
    files: dict[str, bytes]


class Unequipped(Exception):
    """The recorder did not work on this host."""


def recording_hash(unit: OwnRecordUnit, environment: str) -> str:
    """The artifact's name. `environment`: key of the one that it runs in."""
    key = {"unit": unit, "environment": environment, "format": RECORD_FORMAT}
    return hashlib.sha256(json.dumps(key, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def arena_of(artifact: str, side: Optional[OwnSide] = None) -> int:
    """Where its own memory begins; `side`: of a problem's own program."""
    number = int(artifact[:15], 16)
    base = OWN_BASES[side] if side else arena_base(number)
    return base + number // ARENAS % _STARTS * WINDOW_UNIT


def kept_of(answer: bytes, unit: OwnRecordUnit, compiler: str, printed: str) -> Union[Kept, Wants, Contract, Crashed, CompileError]:
    """Unequipped is raised where the program is not to blame."""
    answered = _answered_of(answer, printed)
    if not isinstance(answered, Answered):
        return answered
    try:
        recordings = _recordings_of(answered, unit)
    except _Wrong as error:
        return _contract(error.case, f"what came from the program's process is no recording: {error}", printed)
    return Kept(_meta(unit, recordings, compiler, printed), _files(answered, recordings))


def rehearsed_of(answer: bytes, printed: str) -> Union[Wants, Contract, Crashed, CompileError, None]:
    """Of calls of which nothing is recorded: None where all that it launches was there. Unequipped, as of `kept_of`."""
    answered = _answered_of(answer, printed)
    return None if isinstance(answered, Answered) else answered


def _answered_of(answer: bytes, printed: str) -> Union[Answered, Wants, Contract, Crashed, CompileError]:
    try:
        answered = answer_of(answer)
    except NoAnswer as error:
        return _contract("", f"what came from the program's process is no answer of a recorder: {error}", printed)
    return _refused(answered, printed) if isinstance(answered, Refused) else answered


def _refused(refused: Refused, printed: str) -> Union[Contract, Crashed, CompileError]:
    if refused.verdict == "unequipped":
        raise Unequipped(refused.message)
    if refused.verdict == "compile_error":
        return {"verdict": "compile_error", "log": _with(refused.message, printed)}
    if refused.verdict == "crashed":
        return {"verdict": "crashed", "case": refused.case, "message": _with(refused.message, printed)}
    return _contract(refused.case, refused.message, printed)


def _contract(case: str, message: str, printed: str) -> Contract:
    return {"verdict": "contract", "case": case, "message": _with(message, printed)}


def _with(message: str, printed: str) -> str:
    return f"{message}\nit printed:\n{printed}"[:_MESSAGE_CHARS_MAX] if printed.strip() else message[:_MESSAGE_CHARS_MAX]


_MESSAGE_CHARS_MAX = 60_000


class _Wrong(ValueError):
    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case


def _recordings_of(answered: Answered, unit: OwnRecordUnit) -> dict[str, Recording]:
    read = Recordings(answered.blobs, unit["architecture"], of_problem="side" in unit)
    found = dict[str, Recording]()
    for case, blocks in zip(unit["cases"], _blocks_of(unit)):
        name = case["name"]
        if name not in answered.texts:
            raise _Wrong(name, "none came")
        try:
            found[name] = read.parse(answered.texts[name])
        except RecordingRefused as error:
            raise _Wrong(name, str(error)) from error
        _check_tensors(case, found[name], dict(zip(_names(case), blocks)))
        _check_places(name, found[name])
    return found


def _names(case: RecordedCase) -> list[str]:
    return [tensor["name"] for tensor in case["tensors"]]


def _blocks_of(unit: RecordUnit) -> list[list[Block]]:
    return tensor_rooms(unit["cases"], WINDOW_UNIT)


def _check_tensors(case: RecordedCase, recording: Recording, blocks: dict[str, Block]) -> None:
    found = {segment.tensor: segment for segment in recording.segments if segment.tensor is not None}
    if found.keys() != blocks.keys():
        raise _Wrong(case["name"], f"it has the tensors {', '.join(sorted(map(str, found))) or 'none'}, not {', '.join(sorted(blocks))}")
    for tensor in case["tensors"]:
        segment, block = found[tensor["name"]], blocks[tensor["name"]]
        if segment.role != tensor["role"] or segment.bytes != block.bytes:
            raise _Wrong(case["name"], f"tensor {tensor['name']} has another role or size")
        if tensor["role"] != "out" and segment.address != block.address:
            raise _Wrong(case["name"], f"tensor {tensor['name']} is not where the program was given it")


def _check_places(case: str, recording: Recording) -> None:
    """Each lies at the end of a mapping of its own, as the judge's buffers do."""
    spans = sorted(span_of(segment) for segment in recording.segments)
    for start, _ in spans:
        if start % WINDOW_UNIT:
            raise _Wrong(case, "a segment does not lie at the end of a mapping")
    for (_, end), (start, _) in zip(spans, spans[1:]):
        if end > start:
            raise _Wrong(case, "two segments share a mapping")


def span_of(segment: Segment) -> "tuple[int, int]":
    """Of the mapping that it lies in."""
    place = room(segment.bytes, WINDOW_UNIT)
    return segment.address - place.offset, segment.address - place.offset + place.mapped


def _files(answered: Answered, recordings: dict[str, Recording]) -> dict[str, bytes]:
    modules = {digest: answered.blobs[digest] for recording in recordings.values() for digest in recording.modules}
    # As they came: whoever reads them unpacks and checks them anew.
    images = {f"{digest}{PACKED}": answered.packed[digest] for recording in recordings.values() for digest in recording.images}
    texts = {f"case-{number}.json": answered.texts[name] for number, name in enumerate(recordings)}
    index = json.dumps(dict(zip(recordings, texts)))
    return {INDEX: index.encode(), **texts, **modules, **images}


def blobs_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Binaries and stored bytes of an artifact, by their SHA-256. NoAnswer where something cannot be unpacked."""
    packed = {name[: -len(PACKED)]: data for name, data in files.items() if name.endswith(PACKED)}
    return {**{name: data for name, data in files.items() if len(name) == _HASH_CHARS}, **unpacked(packed)}


def _meta(unit: RecordUnit, recordings: dict[str, Recording], compiler: str, printed: str) -> ArtifactMeta:
    return {
        "language": "python", "architecture": unit["architecture"], "kernels": {}, "compiler": compiler,
        "log": "\n".join([*(_line(name, recording) for name, recording in recordings.items()), printed]).strip()[:_MESSAGE_CHARS_MAX],
        "resources": {},
    }


def _line(name: str, recording: Recording) -> str:
    """For people: what one call launched."""
    launches = [operation.kernel for operation in recording.operations if isinstance(operation, Launch)]
    others = len(recording.operations) - len(launches)
    parts = [*(kernel[:_KERNEL_CHARS] for kernel in launches[:_KERNELS_SHOWN])]
    more = len(launches) - len(parts)
    parts += [f"{more} more kernels"] if more > 0 else []
    parts += [f"{others} copies and fills"] if others else []
    notes = f" ({'; '.join(recording.notes)})" if recording.notes else ""
    return f"recorded {name}: {', '.join(parts)}{notes}"


_KERNELS_SHOWN, _KERNEL_CHARS = 8, 100
