"""Params become macros behind the headers that a source starts with: an everyday name such as T would break the tool chain's own.

Lines keep their numbers. Names that headers ask for without using them (NDEBUG, CUDA_NO_HALF, whatever starts with "_") are meant for them: they are
defined before everything, by options of the compiler.
"""
import re
from typing import NamedTuple, Optional

from kiln_runner.compile.opening import Opening
from kiln_runner.protocol import Params

_RESERVED = re.compile(r"_|CUDA|CUB|CCCL|THRUST|LIBCUDACXX|NV|DEBUG|NDEBUG")


class Placed(NamedTuple):
    """`before`: params for options. `source`: with the others defined in it."""

    before: Params
    source: str


def place_params(source: str, params: Params, opening: Optional[Opening], behind_headers: str = "") -> Placed:
    """`behind_headers`: a line of ours that must stand right behind them."""
    before = {name: value for name, value in params.items() if _RESERVED.match(name)}
    own = "".join(f"#define {name} {value}\n" for name, value in params.items() if name not in before)
    end = opening.end if opening else 0
    if not own and not behind_headers:
        return Placed(before, source)
    line = source.count("\n", 0, end) + 1
    return Placed(before, f"{source[:end]}{behind_headers}{own}#line {line}\n{source[end:]}")
