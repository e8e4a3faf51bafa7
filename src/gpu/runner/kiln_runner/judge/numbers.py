"""Elements as text for people. The bytes of one element in, a number as its type would print it out."""
import struct
from typing import Union

E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_FORMATS = {"f64": "=d", "f32": "=f", "f16": "=e", "i64": "=q", "i32": "=i", "u32": "=I", "i8": "=b", "u8": "=B"}


def element_text(data: bytes, dtype: str) -> str:
    if dtype in _FORMATS:
        value = struct.unpack(_FORMATS[dtype], data)[0]
        return f"{value:.9g}" if dtype in ("f32", "f16") else repr(value)
    if dtype == "bf16":
        return f"{struct.unpack('=f', bytes(2) + data)[0]:.9g}"
    if dtype == "f8e4m3":
        return f"{_e4m3(data[0]):.9g}"
    return f"({_e2m1(data[0] & 15):g}, {_e2m1(data[0] >> 4):g})"


def numbers_in(text: str) -> list[Union[int, float]]:
    """What `element_text` wrote: one number, of a packed byte both; whole numbers exactly."""
    return [_number(part) for part in text.strip("()").split(",")]


def _number(text: str) -> Union[int, float]:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _e4m3(code: int) -> float:
    sign, exponent, mantissa = (-1.0 if code & 0x80 else 1.0), (code >> 3) & 15, code & 7
    if code & 0x7F == 0x7F:
        return float("nan")
    return sign * (mantissa * 2.0**-9 if exponent == 0 else (1 + mantissa / 8) * 2.0 ** (exponent - 7))


def _e2m1(code: int) -> float:
    return -E2M1[code & 7] if code & 8 else E2M1[code & 7]
