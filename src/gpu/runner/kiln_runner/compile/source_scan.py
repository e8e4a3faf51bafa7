"""Refuses sources that would pull files of the host into the compiler's messages.

A source may include only headers by name. Compilers quote the lines they complain about, so `#include "/etc/passwd"` would send
that file to whoever submitted the source. The compiler is confined and has nothing of the host to quote (confinement.py): this says
early and clearly what would end there in odd words.
"""
import re
from typing import Optional

_DIRECTIVE = re.compile(r"^[ \t\f\v]*(?:#|%:|\?\?=)[ \t\f\v]*(include_next|include|import|embed)\b[ \t\f\v]*(.*)$", re.MULTILINE)
_HAS = re.compile(r"\b__has_(?:include|include_next|embed)\s*\(\s*(.*)")
_OPERAND = re.compile(r"""<([^<>\n]+)>|"([^"\n]+)\"""")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_ABSOLUTE_OR_UP = re.compile(r"^\s*/|\\|(?:^|/)\.\.(?:/|$)")
_SPLICE = re.compile(r"(?:\\|\?\?/)[ \t]*\r?\n")


def refusal(source: str) -> Optional[str]:
    """Why the source is not compiled, or None."""
    joined = _SPLICE.sub("", source)
    # Also with comments taken out (`#/**/include`), but never only so: a "/*" inside a string would hide what follows it.
    for text in (joined, _COMMENT.sub(" ", joined)):
        complaint = _complaint(text)
        if complaint:
            return complaint
    return None


def _complaint(text: str) -> Optional[str]:
    if re.search(r"\.incbin\b", text):
        return ".incbin is not allowed: a source may not read files of the host"
    for match in _DIRECTIVE.finditer(text):
        complaint = _operand_complaint(match.group(1), match.group(2))
        if complaint:
            line = text.count("\n", 0, match.start()) + 1
            return f"line {line}: {complaint}"
    for match in _HAS.finditer(text):
        complaint = _operand_complaint("__has_include", match.group(1))
        if complaint:
            return complaint
    return None


def _operand_complaint(directive: str, operand: str) -> Optional[str]:
    found = _OPERAND.match(operand)
    if directive == "embed" or not found:
        return f"#{directive} must name a header as <name> or \"name\"; macros and other files are not allowed"
    path = found.group(1) or found.group(2)
    if _ABSOLUTE_OR_UP.search(path):
        return f'#{directive} of "{path}": absolute paths and ".." are not allowed; include system headers by name'
    return None
