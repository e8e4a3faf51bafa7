"""ELF files made by hand."""
import struct

FUNCTION, OBJECT, GLOBAL, ENTRY = 2, 1, 1 << 4, 0x10


def elf_of(symbols: list[tuple[str, int, int, int]], size: int = 0) -> bytes:
    """A 64-bit ELF file with these symbols: (name, type, st_other, section; 0: defined elsewhere); its section 3 holds 48 bytes of constants. A
    symbol's value is eight times its number; it has `size` bytes."""
    names, rows = b"\0.nv.constant3\0", [struct.pack("<IBBHQQ", 0, 0, 0, 0, 0, 0)]
    for number, (name, kind, other, section) in enumerate(symbols):
        rows.append(struct.pack("<IBBHQQ", len(names), kind | GLOBAL, other, section, 8 * number, size))
        names += name.encode() + b"\0"
    table = b"".join(rows)
    names_at, table_at = 64, 64 + len(names)
    section = struct.Struct("<IIQQQQIIQQ")
    sections = [
        section.pack(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        section.pack(0, 3, 0, 0, names_at, len(names), 0, 0, 1, 0),
        section.pack(0, 2, 0, 0, table_at, len(table), 1, 0, 8, 24),
        section.pack(1, 1, 0, 0, table_at, 48, 0, 0, 4, 0),
    ]
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 190, 1, 0, 0, table_at + len(table), 0, 64, 0, 0, 64, 4, 1)
    return header + names + table + b"".join(sections)
