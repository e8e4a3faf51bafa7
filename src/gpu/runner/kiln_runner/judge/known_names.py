"""Names of compiled code in a message. They are a candidate's words."""
from collections.abc import Sequence

NAMES_MAX = 16
NAME_CHARS_MAX = 80


def known_names(names: Sequence[str]) -> str:
    """"add, scale and 3 more"; printable, however many and long they are."""
    shown = ", ".join(_printable(name) for name in names[:NAMES_MAX])
    return f"{shown} and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else shown


def _printable(name: str) -> str:
    text = "".join(letter if letter.isprintable() else "?" for letter in name[:NAME_CHARS_MAX])
    return f"{text}…" if len(name) > NAME_CHARS_MAX else text
