"""A model's one case with fewer rows: a small one to check, and one to time where the given one is too large. Only what the model takes."""
import math
from typing import Any, Callable, Optional

CHECKED_ROWS = 3

After = Callable[["list[list[int]]"], "Optional[list[list[int]]]"]
WithRows = Callable[[int], "Optional[dict[str, Any]]"]


def smaller_cases(whole: dict[str, Any], with_rows: WithRows, bytes_max: int) -> dict[str, Any]:
    """`with_rows`: the case with so many, or None. Returns `cases` and, of each, `asked`: its kind and its rows."""
    shapes = [one["shape"] for one in whole["tensors"]]
    rows = shapes[0][0] if shapes and shapes[0] else 1
    timed, timed_rows = whole, rows
    while timed is not None and _bytes(timed) > bytes_max and timed_rows > CHECKED_ROWS:
        timed_rows //= 2
        timed = with_rows(timed_rows)
    if timed is None or _bytes(timed) > bytes_max:
        # As it is: whoever reads it says that it is too large.
        return {"cases": [whole], "asked": [{"kind": "bench", "args": {}}]}
    checked = with_rows(CHECKED_ROWS) if rows > CHECKED_ROWS else None
    if checked is None:
        return {"cases": [timed], "asked": [_asked("bench", timed_rows, rows)] if timed is not whole else [{"kind": "bench", "args": {}}]}
    return {"cases": [checked, timed], "asked": [_asked("check", CHECKED_ROWS, None), _asked("bench", timed_rows, rows)]}


def _asked(kind: str, rows: int, of: Optional[int]) -> dict[str, Any]:
    instead = {} if of is None or of == rows else {"instead": of}
    return {"kind": kind, "args": {"batch": rows}, **instead}


def fewer_rows(whole: dict[str, Any], rows: int, after: After) -> Optional[dict[str, Any]]:
    """Fewer in all tensors that have as many as the first, or in the first alone. `after`: the outputs' shapes for inputs of these."""
    shapes = [one["shape"] for one in whole["tensors"]]
    was = shapes[0][0]
    everywhere = [[rows, *shape[1:]] if shape[:1] == [was] else shape for shape in shapes]
    for tried in (everywhere, [[rows, *shapes[0][1:]], *shapes[1:]]):
        found = after(tried)
        if found is not None and all(rows * math.prod(before["shape"]) == was * math.prod(shape) for before, shape in zip(whole["outputs"], found)):
            return _put(whole, tried, found)
        if found is not None and [one["shape"] for one in whole["outputs"]] == found:
            return _put(whole, tried, found)
    return None


def _put(whole: dict[str, Any], inputs: list[list[int]], outputs: list[list[int]]) -> dict[str, Any]:
    return {
        **whole,
        "tensors": [{**one, "shape": shape} for one, shape in zip(whole["tensors"], inputs)],
        "outputs": [{**one, "shape": shape} for one, shape in zip(whole["outputs"], outputs)],
    }


_WIDE = {"f64": 8, "i64": 8, "f32": 4, "i32": 4, "u32": 4, "f16": 2, "bf16": 2}


def is_computed(tensors: "list[dict[str, Any]]") -> bool:
    """Whether the file's own code makes some of them: they cannot be drawn as they are."""
    return any(one["draw"]["kind"] == "unplain" for one in tensors)


def _bytes(case: dict[str, Any]) -> int:
    """Of what is there at once: inputs with outputs, or with what they are derived from."""
    made = [one for one in case["outputs"] if one["tensor"] is None]
    drawn = [(one["dtype"], one["times"] * math.prod(one["shape"])) for one in case["raw"]["draws"]] if is_computed(case["tensors"]) else []
    beside = max(_size([(one["dtype"], math.prod(one["shape"])) for one in made]), _size(drawn))
    return _size([(one["dtype"], math.prod(one["shape"])) for one in case["tensors"]]) + beside


def _size(parts: "list[tuple[str, int]]") -> int:
    return sum(elements * _WIDE.get(dtype, 1) for dtype, elements in parts)
