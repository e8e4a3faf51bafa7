"""Device binaries and recordings made by hand: small, right, and easy to make wrong."""
import base64
import hashlib
import struct

from kiln_runner.programs.recording_shape import INPUTS_BASE, WINDOW_UNIT, arena_base

ARCHITECTURE = "sm_90a"
_SECTION = struct.Struct("<IIQQQQIIQQ")


def cubin_of(kernels: dict[str, list[int]], calls: tuple[str, ...] = (), number: int = 90) -> bytes:
    """A linked binary with these kernels (sizes of parameters in order), which calls what it does not hold."""
    names, sections, content, at = b"\0", [_SECTION.pack(*[0] * 10)], b"", 64

    def add(name: str, kind: int, data: bytes, flags: int = 0, link: int = 0, info: int = 0, entry: int = 0) -> int:
        nonlocal names, content
        sections.append(_SECTION.pack(len(names), kind, flags, 0, at + len(content), len(data), link, info, 1, entry))
        names += name.encode() + b"\0"
        content += data
        return len(sections) - 1

    texts, rows = b"\0", [bytes(24)]

    def symbol(name: str, other: int, section: int, size: int) -> None:
        nonlocal texts
        rows.append(struct.pack("<IBBHQQ", len(texts), 0x12, other, section, 0, size))
        texts += name.encode() + b"\0"

    for name, sizes in kernels.items():
        code = add(f".text.{name}", 1, bytes(16), flags=6)
        symbol(name, 0x10, code, 16)
        add(f".nv.info.{name}", 0x70000000, _info(sizes))
        add(f".rela.text.{name}", 4, struct.pack("<QQq", 8, 1 << 32 | 2, 0), link=0, info=code, entry=24)
    for name in calls:
        symbol(name, 0, 0, 0)
    strings = add(".strtab", 3, texts)
    add(".symtab", 2, b"".join(rows), link=strings, entry=24)
    sections.append(_SECTION.pack(len(names), 3, 0, 0, at + len(content), 0, 0, 0, 1, 0))
    names += b".shstrtab\0"
    sections[-1] = _SECTION.pack(len(names) - 10, 3, 0, 0, at + len(content), len(names), 0, 0, 1, 0)
    content += names
    header = b"\x7fELF\x02\x01\x01\x29\x08" + bytes(7) + struct.pack(
        "<HHIQQQIHHHHHH", 2, 190, 1, 0, 0, at + len(content), number << 8 | 4, 64, 0, 0, 64, len(sections), len(sections) - 1
    )
    return header + content + b"".join(sections)


def _info(sizes: list[int]) -> bytes:
    """As compilers describe parameters: last first."""
    entries = [struct.pack("<BBHIHHI", 4, 0x17, 12, 0, at, sum(sizes[:at]), sizes[at] << 18 | 0x1F000) for at in range(len(sizes))]
    return b"".join(reversed(entries)) + struct.pack("<BBH", 3, 0x19, sum(sizes))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def word(value: int) -> str:
    return base64.b64encode(value.to_bytes(8, "little")).decode()


def sample() -> tuple[dict, dict[str, bytes]]:
    """A recording of every kind of operation, with what belongs to it."""
    cubin, weights = cubin_of({"scale": [8, 8, 4], "finish": [8]}, ("vprintf",)), bytes(range(256)) * 4
    arena = arena_base(3)
    document = {
        "kind": "recorded", "version": 1,
        "windows": [{"name": "inputs", "base": INPUTS_BASE, "bytes": WINDOW_UNIT}, {"name": "arena", "base": arena, "bytes": 2 * WINDOW_UNIT}],
        "segments": [
            {"name": "s0", "window": "inputs", "offset": 0, "bytes": 4096, "role": "in", "tensor": "x"},
            {"name": "s1", "window": "arena", "offset": 0, "bytes": 1024, "role": "static", "image": digest(weights)},
            {"name": "s2", "window": "arena", "offset": 1024, "bytes": 4096, "role": "workspace"},
            {"name": "s3", "window": "arena", "offset": 8192, "bytes": 4096, "role": "out", "tensor": "out"},
        ],
        "modules": [{"hash": digest(cubin), "origin": "library", "library": "torch"}],
        "images": [{"hash": digest(weights)}],
        "ops": [
            {"op": "set", "at": arena + 1024, "value": 0, "width": 4, "count": 1024},
            {"op": "copy", "from": INPUTS_BASE, "to": arena + 1024, "bytes": 4096},
            {"op": "upload", "to": arena, "data": digest(weights)},
            {
                "op": "launch", "module": digest(cubin), "kernel": "scale", "grid": [8, 1, 1], "block": [128, 1, 1], "cluster": [2, 1, 1],
                "shared": 0, "cooperative": False, "serialization": False,
                "params": [word(INPUTS_BASE), word(arena + 8192), base64.b64encode(bytes(4)).decode()],
            },
            {
                "op": "launch", "module": digest(cubin), "kernel": "finish", "grid": [1, 1, 1], "block": [32, 1, 1], "cluster": None,
                "shared": 1024, "cooperative": True, "serialization": True, "params": [word(arena + 8192)],
            },
        ],
        "notes": ["reads a value on the host"],
    }
    return document, {digest(cubin): cubin, digest(weights): weights}
