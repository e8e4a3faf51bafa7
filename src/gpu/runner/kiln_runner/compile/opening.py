"""The headers that a source starts with."""
import re
from typing import NamedTuple, Optional

_INCLUDE_LINE = r"[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>[ \t]*(?://[^\n]*)?\n"
_BLANK = r"\s+|/\*.*?\*/|//[^\n]*\n"
_STEP = re.compile(f"(?:{_INCLUDE_LINE})|(?:{_BLANK})", re.DOTALL)


class Opening(NamedTuple):
    """`source[:end]` is comments and whole `#include <name>` lines; the last of them ends there."""

    end: int
    includes: tuple[str, ...]


def opening_of(source: str) -> Optional[Opening]:
    """None where the source does not start with headers, or so oddly that it is not clear where they end."""
    at, end = 0, 0
    includes: list[str] = []
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
