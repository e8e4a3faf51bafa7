"""What a file draws while it makes its inputs, in order: what the judge can draw for a program that computes them anew."""
from typing import Any

from kiln_describe.draws import Draw, document
from kiln_describe.framework import dtype_of

# Draws of one kind in a row are one entry.
ENTRIES_MAX = 512


class RawDraws:
    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._operations = 0

    def count(self) -> None:
        """Of an operation that makes or changes a tensor."""
        self._operations += 1

    def add(self, tensor: Any, draw: Draw) -> None:
        dtype, is_known = dtype_of(tensor)
        # It takes numbers that are there: nothing is launched for it.
        self._operations -= 1
        entry = {"dtype": dtype, "known": is_known, "shape": list(tensor.shape), "draw": document(draw)}
        last = self._entries[-1] if self._entries else None
        if last is not None and {**entry, "times": last["times"]} == last:
            last["times"] += 1
        elif len(self._entries) < ENTRIES_MAX:
            self._entries.append({**entry, "times": 1})
        else:
            self._entries[-1] = {**entry, "draw": {"kind": "unplain", "reason": f"more than {ENTRIES_MAX} kinds of draws"}, "times": 1}

    def document(self) -> dict[str, Any]:
        """As the answer has it."""
        return {"draws": self._entries, "operations": self._operations}
