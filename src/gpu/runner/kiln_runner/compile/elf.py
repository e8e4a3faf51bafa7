"""Names of the functions a compiled file offers, read from its ELF symbol table (cubins and shared objects alike)."""
import struct
from typing import Iterator, List, Set, Tuple

_SHT_SYMTAB, _SHT_DYNSYM = 2, 11
_STT_FUNC, _STB_LOCAL = 2, 0
_STO_CUDA_ENTRY = 0x10


def kernel_names(cubin: bytes) -> List[str]:
    """Kernels (not device functions) of a cubin."""
    return [name for name, info, other in _symbols(cubin, _SHT_SYMTAB) if info & 15 == _STT_FUNC and other & _STO_CUDA_ENTRY]


def function_names(library: bytes) -> List[str]:
    """Exported functions of a shared object."""
    symbols = _symbols(library, _SHT_DYNSYM)
    return [name for name, info, _ in symbols if info & 15 == _STT_FUNC and info >> 4 != _STB_LOCAL and not name.startswith("_")]


def called_from_outside(cubin: bytes) -> Set[str]:
    """Functions that a cubin calls and does not hold: the driver's own, such as malloc and vprintf."""
    return {name for name, info, _ in _symbols(cubin, _SHT_SYMTAB, defined=False) if info & 15 == _STT_FUNC}


def _symbols(image: bytes, table: int, defined: bool = True) -> Iterator[Tuple[str, int, int]]:
    """(name, st_info, st_other) of every symbol of a 64-bit little-endian ELF file that is defined in it, or of every other."""
    if image[:5] != b"\x7fELF\x02":
        raise ValueError("not a 64-bit ELF file")
    sections_at, = struct.unpack_from("<Q", image, 40)
    size, count = struct.unpack_from("<HH", image, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", image, sections_at + index * size) for index in range(count)]
    for section in sections:
        if section[1] != table:
            continue
        offset, length, link, step = section[4], section[5], section[6], section[9]
        names_at = sections[link][4]
        for at in range(offset, offset + length, step):
            name, info, other, index, _, _ = struct.unpack_from("<IBBHQQ", image, at)
            if bool(index) == defined:
                start = names_at + name
                yield image[start : image.index(b"\0", start)].decode(errors="replace"), info, other
