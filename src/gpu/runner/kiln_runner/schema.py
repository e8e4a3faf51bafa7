"""Checks JSON against shapes. A shape is a function (value, path) that raises ShapeError naming the first field that is wrong."""
import math
import re
from typing import Any, Callable, Dict, Optional

Shape = Callable[[Any, str], None]


class ShapeError(ValueError):
    """`path` is the field ("task.plans.odd.launches[0].grid"); the message names it and what belongs there."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or 'the frame'}: {message}")
        self.path = path


def record(fields: Dict[str, Shape], optional: Optional[Dict[str, Shape]] = None) -> Shape:
    """An object with exactly these fields; those of `optional` may be missing."""
    every = {**fields, **(optional or {})}

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise ShapeError(path, "must be an object")
        for name in fields:
            if name not in value:
                raise ShapeError(_field(path, name), "is missing")
        for name, item in value.items():
            shape = every.get(name)
            if shape is None:
                raise ShapeError(_field(path, name), f"is not known; known are {', '.join(every)}")
            shape(item, _field(path, name))

    return check


def union(tag: str, variants: Dict[str, Shape]) -> Shape:
    """An object whose `tag` field names its shape. The shapes do not check the tag itself."""

    def check(value: Any, path: str) -> None:
        name = value.get(tag) if isinstance(value, dict) else None
        shape = variants.get(name) if isinstance(name, str) else None
        if shape is None:
            raise ShapeError(_field(path, tag), f"must be one of {', '.join(variants)}")
        shape({key: item for key, item in value.items() if key != tag}, path)

    return check


def array(item: Shape, low: int = 0, high: Optional[int] = None) -> Shape:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise ShapeError(path, "must be an array")
        if len(value) < low or (high is not None and len(value) > high):
            raise ShapeError(path, f"has {len(value)} entries; allowed are {low} to {'any number' if high is None else high}")
        for index, entry in enumerate(value):
            item(entry, f"{path}[{index}]")

    return check


def mapping(item: Shape) -> Shape:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise ShapeError(path, "must be an object")
        for name, entry in value.items():
            item(entry, _field(path, name))

    return check


def nullable(shape: Shape) -> Shape:
    def check(value: Any, path: str) -> None:
        if value is not None:
            shape(value, path)

    return check


def string(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise ShapeError(path, "must be a string")


def boolean(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise ShapeError(path, "must be true or false")


def one_of(*names: str) -> Shape:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or value not in names:
            raise ShapeError(path, f"must be one of {', '.join(names)}")

    return check


def matching(pattern: str, what: str) -> Shape:
    compiled = re.compile(pattern)

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ShapeError(path, f"must be {what}")

    return check


def number(low: float = -math.inf, above: float = -math.inf) -> Shape:
    """At least `low` and more than `above`. NaN and infinities are not JSON and are refused."""

    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ShapeError(path, "must be a number")
        if value < low or value <= above:
            raise ShapeError(path, f"must be {f'more than {above:g}' if above > low else f'at least {low:g}'}")

    return check


def integer(low: Optional[int] = None) -> Shape:
    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
            raise ShapeError(path, "must be a whole number")
        if low is not None and value < low:
            raise ShapeError(path, f"must be at least {low}")

    return check


def either(*shapes: Shape) -> Shape:
    """Any of the shapes; the complaint is the last one's."""

    def check(value: Any, path: str) -> None:
        for shape in shapes[:-1]:
            try:
                shape(value, path)
                return
            except ShapeError:
                continue
        shapes[-1](value, path)

    return check


def _field(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
