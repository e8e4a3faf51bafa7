"""The headers that a CUDA source starts with, and every word they hold: what decides whether they may be compiled apart from it."""
import os
import re
from typing import FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple

# Headers of a library that lets almost everything include almost everything else.
WORDS_BYTES_MAX = 64 * 1024 * 1024
_INCLUDE_LINE = r"[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>[ \t]*(?://[^\n]*)?\n"
_BLANK = r"\s+|/\*.*?\*/|//[^\n]*\n"
_STEP = re.compile(f"(?:{_INCLUDE_LINE})|(?:{_BLANK})", re.DOTALL)
_INCLUDES = re.compile(r"#[ \t]*include(?:_next)?[ \t]*[<\"]([^>\"\n]+)[>\"]")
_WORD = re.compile(r"[A-Za-z_]\w*")


class Opening(NamedTuple):
    """`source[:end]` is comments and whole `#include <name>` lines; the last of them ends there."""

    end: int
    includes: Tuple[str, ...]


def opening_of(source: str) -> Optional[Opening]:
    """None where the source does not start with headers, or so oddly that it is not clear where they end."""
    at, end, includes = 0, 0, []
    while True:
        step = _STEP.match(source, at)
        if step is None:
            break
        at = step.end()
        if step.group(1):
            end = at
            includes.append(step.group(1))
    # A line that goes on after a backslash (??/ is one) may be a comment where it looks like none.
    is_odd = "\\" in source[:end] or "??/" in source[:end]
    return Opening(end, tuple(includes)) if includes and not is_odd else None


def words_of(includes: Sequence[str], folders: List[str]) -> Optional[FrozenSet[str]]:
    """Every identifier in these headers and in all that they may include, whatever conditions stand before it. None: too many bytes."""
    words: Set[str] = set()
    waiting, seen, read = [(name, "") for name in includes], set(), 0
    while waiting:
        name, beside = waiting.pop()
        path = _find(name, [beside, *folders] if beside else folders)
        # What is not there is NVRTC's own, or behind a condition that does not hold.
        if path is None or path in seen:
            continue
        seen.add(path)
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(WORDS_BYTES_MAX)
        read += len(text)
        if read > WORDS_BYTES_MAX:
            return None
        words.update(_WORD.findall(text))
        waiting += [(found, os.path.dirname(path)) for found in _INCLUDES.findall(text)]
    return frozenset(words)


def _find(name: str, folders: Sequence[str]) -> Optional[str]:
    paths = (os.path.join(folder, name) for folder in folders)
    return next((os.path.realpath(path) for path in paths if os.path.isfile(path)), None)
