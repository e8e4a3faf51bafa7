"""Our own check of a device binary (cubin) that comes out of a candidate's process, before the driver's loader reads it.

Everything in the file is hostile: each table must lie within the file, each symbol within its section, each relocation within the section that
it changes, and what it calls outside of itself must be one of the driver's own functions.
"""
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple, Optional

BYTES_MAX = 256 * 1024 * 1024
SYMBOLS_MAX = 1_000_000
# What its code and variables may take on the device.
LOADED_BYTES_MAX = 1024 ** 3
NAME_BYTES_MAX, NAMES_BYTES_MAX = 4096, 64 * 1024 * 1024
# Functions that the driver itself brings. Anything else, such as the device runtime's launches, cannot be replayed.
PROVIDED = frozenset(("vprintf", "malloc", "free", "__assertfail"))
_HEADER, _SECTION, _SEGMENT = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IIQQQQQQ")
_SYMBOL, _REL, _RELA = struct.Struct("<IBBHQQ"), struct.Struct("<QQ"), struct.Struct("<QQq")
_CUDA, _EXECUTABLE = 190, 2
_SYMTAB, _RELA_TABLE, _NOBITS, _REL_TABLE = 2, 4, 8, 9
_ALLOCATED = 2
_OBJECT, _FUNCTION = 1, 2
_KERNEL = 0x10
_SECTIONS_RESERVED = 0xFF00
# Where the header's flags hold the architecture's number: version of the interface -> shift.
_NUMBER_AT = {7: 0, 8: 8}
_INFO = ".nv.info."
_PARAMETER, _PARAMETERS_BYTES, _SIZED = 0x17, 0x19, 4
_PARAMETER_ENTRY = struct.Struct("<IHHI")
_SIZE_SHIFT = 18


class CubinRefused(ValueError):
    """The driver must not see this file; the message says why."""


class Kernel(NamedTuple):
    # Sizes in order; None where the file does not describe them one by one.
    parameters: Optional[tuple[int, ...]]
    # Bytes of all parameters together; None where the file does not say.
    parameter_bytes: Optional[int]


class Cubin(NamedTuple):
    """`number`: 90 for sm_90 and sm_90a."""

    number: int
    kernels: dict[str, Kernel]


class _Header(NamedTuple):
    magic: bytes
    kind: int
    machine: int
    version: int
    entry: int
    segments_at: int
    sections_at: int
    flags: int
    header_bytes: int
    segment_bytes: int
    segments: int
    section_bytes: int
    sections: int
    names: int


class _Section(NamedTuple):
    name_at: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry: int


class _Symbol(NamedTuple):
    name: str
    kind: int
    other: int
    section: int


def check_cubin(image: bytes, architecture: str) -> Cubin:
    """What a device of `architecture` (such as sm_90a) may load. CubinRefused otherwise."""
    try:
        return _check(image, architecture)
    except (struct.error, IndexError, UnicodeDecodeError, OverflowError) as error:
        raise CubinRefused(f"a table of the file cannot be read: {error}") from error


def _check(image: bytes, architecture: str) -> Cubin:
    if len(image) > BYTES_MAX:
        raise CubinRefused(f"{len(image)} bytes; at most {BYTES_MAX} are loaded")
    fields = _header(image)
    number = _architecture_number(image, fields.flags)
    _fits(number, architecture)
    sections = _sections(image, fields)
    _segments(image, fields)
    texts = _Texts(image)
    names = [texts.at(sections[fields.names], section.name_at) for section in sections]
    symbols = _symbols(image, sections, texts)
    _relocations(image, sections, len(symbols))
    outside = {symbol.name for symbol in symbols if symbol.section == 0 and symbol.kind == _FUNCTION} - PROVIDED
    if outside:
        raise CubinRefused(f"it calls what it does not hold: {', '.join(sorted(outside)[:4])}"[:400])
    return Cubin(number, _kernels(image, sections, names, symbols))


def _header(image: bytes) -> _Header:
    if image[:7] != b"\x7fELF\x02\x01\x01":
        raise CubinRefused("not a 64-bit little-endian ELF file")
    fields = _Header(*_HEADER.unpack_from(image))
    if fields.machine != _CUDA:
        raise CubinRefused(f"machine {fields.machine} is no CUDA device")
    if fields.kind != _EXECUTABLE:
        raise CubinRefused("it is not linked")
    return fields


def _architecture_number(image: bytes, flags: int) -> int:
    shift = _NUMBER_AT.get(image[8])
    if shift is None:
        raise CubinRefused(f"version {image[8]} of the interface is not known; known are {', '.join(map(str, _NUMBER_AT))}")
    return flags >> shift & 0xFF


def _fits(number: int, architecture: str) -> None:
    """Code runs on its own generation only, and there on the same or a later device."""
    wanted = int(re.sub(r"\D", "", architecture) or 0)
    if number // 10 != wanted // 10 or number > wanted:
        raise CubinRefused(f"it is for sm_{number} and cannot run on {architecture}")


def _sections(image: bytes, fields: _Header) -> list[_Section]:
    at, size, count, names = fields.sections_at, fields.section_bytes, fields.sections, fields.names
    if size != _SECTION.size or not 0 < count < _SECTIONS_RESERVED or not 0 < names < count:
        raise CubinRefused("its header describes no table of sections")
    _within(image, at, count * size, "the table of sections")
    sections = [_Section(*values) for values in _SECTION.iter_unpack(image[at : at + count * size])]
    for number, section in enumerate(sections):
        if section.kind != _NOBITS:
            _within(image, section.offset, section.size, f"section {number}")
    if sum(section.size for section in sections if section.kind != _NOBITS) > len(image):
        raise CubinRefused("its sections overlap")
    if sum(section.size for section in sections if section.flags & _ALLOCATED) > LOADED_BYTES_MAX:
        raise CubinRefused(f"its code and variables take more than {LOADED_BYTES_MAX} bytes")
    return sections


def _segments(image: bytes, fields: _Header) -> None:
    at, size, count = fields.segments_at, fields.segment_bytes, fields.segments
    if count == 0:
        return
    if size != _SEGMENT.size:
        raise CubinRefused("its header describes no table of segments")
    _within(image, at, count * size, "the table of segments")
    for _, _, offset, _, _, in_file, in_memory, _ in _SEGMENT.iter_unpack(image[at : at + count * size]):
        _within(image, offset, in_file, "a segment")
        if in_memory > LOADED_BYTES_MAX:
            raise CubinRefused(f"a segment takes {in_memory} bytes of memory")


def _symbols(image: bytes, sections: list[_Section], texts: "_Texts") -> list[_Symbol]:
    tables = [section for section in sections if section.kind == _SYMTAB]
    if len(tables) != 1:
        raise CubinRefused(f"{len(tables)} tables of symbols; one is needed")
    table = tables[0]
    if table.entry != _SYMBOL.size or table.size % _SYMBOL.size or table.size > SYMBOLS_MAX * _SYMBOL.size or table.link >= len(sections):
        raise CubinRefused("its table of symbols has no sound shape")
    found: list[_Symbol] = []
    entries: Iterator[tuple[int, int, int, int, int, int]] = _SYMBOL.iter_unpack(image[table.offset : table.offset + table.size])
    for name, info, other, index, value, size in entries:
        kind = info & 15
        if 0 < index < _SECTIONS_RESERVED and kind in (_OBJECT, _FUNCTION):
            if index >= len(sections) or value + size > sections[index].size:
                raise CubinRefused("a symbol lies outside of its section")
        found.append(_Symbol(texts.at(sections[table.link], name) if kind == _FUNCTION else "", kind, other, index))
    return found


def _relocations(image: bytes, sections: list[_Section], symbols: int) -> None:
    for section in sections:
        if section.kind not in (_RELA_TABLE, _REL_TABLE):
            continue
        entry = _RELA if section.kind == _RELA_TABLE else _REL
        if section.entry != entry.size or section.size % entry.size or not 0 < section.info < len(sections):
            raise CubinRefused("a table of relocations has no sound shape")
        size = sections[section.info].size
        for offset, info, *_ in entry.iter_unpack(image[section.offset : section.offset + section.size]):
            if offset >= size or info >> 32 >= symbols:
                raise CubinRefused("a relocation leaves the section that it changes")


def _kernels(image: bytes, sections: list[_Section], names: list[str], symbols: list[_Symbol]) -> dict[str, Kernel]:
    infos = {name[len(_INFO) :]: section for name, section in zip(names, sections) if name.startswith(_INFO)}
    kernels: dict[str, Kernel] = {}
    for symbol in symbols:
        if symbol.kind == _FUNCTION and symbol.other & _KERNEL and symbol.section:
            if symbol.name in kernels:
                raise CubinRefused("two kernels of one name")
            if symbol.section >= len(sections) or names[symbol.section] != f".text.{symbol.name}":
                raise CubinRefused("a kernel is not where its code is")
            info = infos.get(symbol.name)
            kernels[symbol.name] = Kernel(None, None) if info is None else _parameters(image[info.offset : info.offset + info.size])
    return kernels


def _parameters(info: bytes) -> Kernel:
    """From the attributes that the compiler writes for each kernel."""
    sizes: dict[int, int] = {}
    total, at = None, 0
    while at + 4 <= len(info):
        form, attribute, value = struct.unpack_from("<BBH", info, at)
        at += 4
        if form == _SIZED and attribute == _PARAMETER:
            _, ordinal, _, packed = _PARAMETER_ENTRY.unpack_from(info, at)
            sizes[ordinal] = packed >> _SIZE_SHIFT
        elif attribute == _PARAMETERS_BYTES and form != _SIZED:
            total = value
        at += value if form == _SIZED else 0
    known: set[int] = set(range(len(sizes)))
    if (not sizes and total != 0) or set(sizes) != known:
        return Kernel(None, total)
    return Kernel(tuple(sizes[ordinal] for ordinal in range(len(sizes))), total)


def _within(image: bytes, offset: int, size: int, what: str) -> None:
    if offset + size > len(image):
        raise CubinRefused(f"{what} lies outside of the file")


class _Texts:
    """Names of the file. Many may share their bytes, so that what they take together is counted."""

    def __init__(self, image: bytes) -> None:
        self._image = image
        self._left = NAMES_BYTES_MAX

    def at(self, table: _Section, offset: int) -> str:
        start, end = table.offset + offset, table.offset + table.size
        stop = self._image.find(b"\0", start, min(end, start + NAME_BYTES_MAX)) if table.kind != _NOBITS and offset < table.size else -1
        self._left -= stop - start
        if stop < 0 or self._left < 0:
            raise CubinRefused("a name lies outside of its table")
        return self._image[start:stop].decode()
