"""Ways to spoil a recording: its text by bytes, its fields by values that are nearly right, and its binaries, whose hashes then fit again."""
import copy
import json
import random
import struct
from typing import Any, Callable

from test.python.programs.small_cubin import digest

NUMBERS = (
    0, 1, -1, 2, 3, 7, 255, 256, 1023, 1024, 1025, 4095, 4096, 65_535, 65_536, 2 ** 21, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 38, 2 ** 47, 2 ** 53,
    0x2A00_0000_0000, 0x2B00_0000_0000, 0x2BC0_0000_0000, 9_999_999_999_999_999, 10 ** 30,
)
VALUES: tuple[Any, ...] = (
    None, True, False, "", "A", "x" * 5000, "AAAA", "\u0000", "\ud83d", "0" * 64, 0.5, 1e300, [], {}, [[]], [1, 1, 1], [1] * 300, {"op": "set"},
    {"op": ["launch"]},
)
Blobs = dict[str, bytes]


def mutated(chance: random.Random, document: dict, blobs: Blobs) -> tuple[bytes, Blobs]:
    way = chance.choice((_fields, _fields, _fields, _binary, _binary, _text, _blobs))
    return way(chance, document, blobs)


def _fields(chance: random.Random, document: dict, blobs: Blobs) -> tuple[bytes, Blobs]:
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        places = list(_places(document))
        chance.choice(_CHANGES)(chance, *chance.choice(places))
    return json.dumps(document).encode(), blobs


def _places(value: Any) -> "list[tuple[Any, Any]]":
    """Every (container, key or index)."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [pair for key in keys for pair in [(value, key), *_places(value[key])]]


def _replace(chance: random.Random, holder: Any, key: Any) -> None:
    old = holder[key]
    if isinstance(old, int) and not isinstance(old, bool) and chance.random() < 0.8:
        holder[key] = chance.choice((old + chance.choice((-1, 1, 8, 4096)), old * 2, chance.choice(NUMBERS)))
    else:
        # A copy: a later change may go into it.
        holder[key] = copy.deepcopy(chance.choice((*VALUES, *NUMBERS)))


def _remove(_: random.Random, holder: Any, key: Any) -> None:
    del holder[key]


def _repeat(chance: random.Random, holder: Any, key: Any) -> None:
    if isinstance(holder, list):
        holder[key:key] = [copy.deepcopy(holder[key])] * chance.choice((1, 2, 300))
    else:
        holder[f"{key}2"] = copy.deepcopy(holder[key])


def _swap(chance: random.Random, holder: Any, key: Any) -> None:
    other = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key], holder[other] = holder[other], holder[key]


_CHANGES: tuple[Callable[[random.Random, Any, Any], None], ...] = (_replace, _replace, _replace, _remove, _repeat, _swap)


def _text(chance: random.Random, document: dict, blobs: Blobs) -> tuple[bytes, Blobs]:
    return _spoiled(chance, json.dumps(document).encode()), blobs


def _blobs(chance: random.Random, document: dict, blobs: Blobs) -> tuple[bytes, Blobs]:
    name = chance.choice(list(blobs))
    if chance.random() < 0.3:
        del blobs[name]
    else:
        blobs[name] = _spoiled(chance, blobs[name])
    return json.dumps(document).encode(), blobs


def _binary(chance: random.Random, document: dict, blobs: Blobs) -> tuple[bytes, Blobs]:
    """The hash is made to fit, so that the check of the binary is what must hold."""
    old = document["modules"][0]["hash"]
    image = _spoiled(chance, blobs.pop(old))
    blobs[digest(image)] = image
    return json.dumps(document).encode().replace(old.encode(), digest(image).encode()), blobs


def _spoiled(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        at = chance.randrange(len(changed))
        how = chance.randrange(5)
        if how == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif how == 1:
            changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif how == 2 and at + 8 <= len(changed):
            struct.pack_into("<Q", changed, at, chance.choice(NUMBERS[:-1]) & 2 ** 64 - 1)
        elif how == 3 and at + 4 <= len(changed):
            struct.pack_into("<I", changed, at // 4 * 4, chance.choice(NUMBERS[:-1]) & 2 ** 32 - 1)
        elif len(changed) > 1:
            start = chance.randrange(len(changed))
            changed[at:at] = changed[start : start + chance.randrange(64)]
            if chance.random() < 0.5:
                del changed[chance.randrange(len(changed)) :]
                changed = changed or bytearray(b"\0")
    return bytes(changed)
