"""Compiler messages, made fit to be kept and shown."""
import re

LOG_CHARS_MAX = 64 * 1024
_CUT = "\n[… {} characters cut …]\n"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean_log(log: str, folder: str) -> str:
    """Without the temporary folder's path and control characters; at most LOG_CHARS_MAX, the first errors and the end kept."""
    text = _CONTROL.sub("", log.replace(folder + "/", "").replace(folder, "")).strip()
    if len(text) <= LOG_CHARS_MAX:
        return text
    mark = _CUT.format(len(text) - LOG_CHARS_MAX + len(_CUT) + 8)
    head = LOG_CHARS_MAX * 3 // 4
    return text[:head] + mark + text[len(text) - (LOG_CHARS_MAX - head - len(mark)) :]
