"""Functions and variables that a compiled file offers, read from its ELF symbol table (cubins and shared objects alike)."""
import struct
from collections.abc import Iterator
from typing import NamedTuple, cast

_SHT_SYMTAB, _SHT_DYNSYM = 2, 11
_STT_OBJECT, _STT_FUNC, _STB_LOCAL = 1, 2, 0
_STO_CUDA_ENTRY = 0x10
_SHF_WRITE, _SHF_ALLOC = 1, 2
_SHN_LORESERVE = 0xFF00
_CONSTANTS = ".nv.constant3"
# sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size, sh_link, sh_info, sh_addralign, sh_entsize.
_Section = tuple[int, int, int, int, int, int, int, int, int, int]


def kernel_names(cubin: bytes) -> list[str]:
    """Kernels (not device functions) of a cubin."""
    return [name for name, info, other in _symbols(cubin, _SHT_SYMTAB) if info & 15 == _STT_FUNC and other & _STO_CUDA_ENTRY]


def function_names(library: bytes) -> list[str]:
    """Exported functions of a shared object."""
    symbols = _symbols(library, _SHT_DYNSYM)
    return [name for name, info, _ in symbols if info & 15 == _STT_FUNC and info >> 4 != _STB_LOCAL and not name.startswith("_")]


def called_from_outside(cubin: bytes) -> set[str]:
    """Functions that a cubin calls and does not hold: the driver's own, such as malloc and vprintf. ValueError where it is no ELF file."""
    try:
        return {name for name, info, _ in _symbols(cubin, _SHT_SYMTAB, defined=False) if info & 15 == _STT_FUNC}
    except (IndexError, struct.error) as error:
        raise ValueError(f"a table lies outside of the file: {error}") from error


def loaded_bytes(image: bytes) -> int:
    """Memory that its code and variables take on the device; 0 where it is no ELF file. Compilers keep 32 bits of a section's size, and all of a
    variable's."""
    try:
        sections = sum(section[5] for section in _sections(image) if section[2] & _SHF_ALLOC)
        return max(sections, sum(size for _, info, _, index, _, size in _all_symbols(image, _SHT_SYMTAB) if index and info & 15 == _STT_OBJECT))
    except (ValueError, IndexError, struct.error):
        return 0


class Variable(NamedTuple):
    bytes: int
    is_writable: bool


def cubin_variables(cubin: bytes) -> dict[str, Variable]:
    """Those in constant and in global memory, which the host may write all. ValueError where it is no ELF file."""
    return {name: Variable(size, True) for name, _, _, size in _variables(cubin, _SHT_SYMTAB)}


def library_variables(library: bytes) -> dict[str, Variable]:
    """Exported by a shared object. ValueError where it is no ELF file."""
    found = _variables(library, _SHT_DYNSYM)
    return {name: Variable(size, bool(flags & _SHF_WRITE)) for name, bind, flags, size in found if bind != _STB_LOCAL}


def _variables(image: bytes, table: int) -> list[tuple[str, int, int, int]]:
    """(name, binding, flags of its section, bytes)."""
    try:
        sections = _sections(image)
        return [
            (name, info >> 4, sections[index][2], size)
            for name, info, _, index, _, size in _all_symbols(image, table)
            if info & 15 == _STT_OBJECT and 0 < index < _SHN_LORESERVE and size and not name.startswith((".", "$"))
        ]
    except (IndexError, struct.error) as error:
        raise ValueError(f"a table lies outside of the file: {error}") from error


class ConstantBank(NamedTuple):
    """What a cubin declares `__constant__`: its bytes in all, and where each symbol lies among them."""

    size: int
    symbols: dict[str, int]


def constant_bank(cubin: bytes) -> ConstantBank:
    """ValueError where it is no ELF file."""
    try:
        return _constant_bank(cubin)
    except (IndexError, struct.error) as error:
        raise ValueError(f"a table lies outside of the file: {error}") from error


def _constant_bank(cubin: bytes) -> ConstantBank:
    sections = _sections(cubin)
    names: dict[str, int] = {}
    bank = next((n for n, section in enumerate(sections) if _section_name(cubin, sections, section) == _CONSTANTS), None)
    if bank is None:
        return ConstantBank(0, {})
    for name, info, _, index, value, _ in _all_symbols(cubin, _SHT_SYMTAB):
        if index == bank and info & 15 == _STT_OBJECT:
            names[name] = value
    return ConstantBank(sections[bank][5], names)


def _symbols(image: bytes, table: int, defined: bool = True) -> Iterator[tuple[str, int, int]]:
    """(name, st_info, st_other) of every symbol of a 64-bit little-endian ELF file that is defined in it, or of every other."""
    return ((name, info, other) for name, info, other, index, _, _ in _all_symbols(image, table) if bool(index) == defined)


def _all_symbols(image: bytes, table: int) -> Iterator[tuple[str, int, int, int, int, int]]:
    """(name, st_info, st_other, section, st_value, st_size)."""
    sections = _sections(image)
    for section in sections:
        if section[1] != table:
            continue
        offset, length, link, step = section[4], section[5], section[6], section[9]
        for at in range(offset, offset + length, step):
            name, info, other, index, value, size = struct.unpack_from("<IBBHQQ", image, at)
            yield _text(image, sections[link][4] + name), info, other, index, value, size


def _sections(image: bytes) -> list[_Section]:
    if image[:5] != b"\x7fELF\x02":
        raise ValueError("not a 64-bit ELF file")
    at, = struct.unpack_from("<Q", image, 40)
    size, count = struct.unpack_from("<HH", image, 58)
    return [cast(_Section, struct.unpack_from("<IIQQQQIIQQ", image, at + index * size)) for index in range(count)]


def _section_name(image: bytes, sections: list[_Section], section: _Section) -> str:
    names = int(struct.unpack_from("<H", image, 62)[0])
    return _text(image, sections[names][4] + section[0])


def _text(image: bytes, start: int) -> str:
    return image[start : image.index(b"\0", start)].decode(errors="replace")
