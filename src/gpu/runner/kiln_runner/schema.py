"""Checks JSON against shapes. A shape is a function of a value that raises ShapeError naming the first field that is wrong.

Every task passes through here, so the way of a good value is short: paths are put together only when something is wrong.
"""
import math
import re
from typing import Any, Callable, Optional, Union, cast

Shape = Callable[..., None]
# Made once: a cast that spells them out makes a type at each call, which takes longer than the check.
_Fields = dict[str, Any]
_Entries = list[Any]


class ShapeError(ValueError):
    """`path` is the field ("task.plans.odd.launches[0].grid"); `what` says what belongs there."""

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.path = path

    def within(self, part: Union[str, int]) -> "ShapeError":
        """The same complaint, seen from one level further out."""
        head = f"[{part}]" if isinstance(part, int) else part
        self.path = head + ("" if not self.path or self.path.startswith("[") else ".") + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path or 'the frame'}: {self.what}"


def record(fields: dict[str, Shape], optional: Optional[dict[str, Shape]] = None) -> Shape:
    """An object with exactly these fields; those of `optional` may be missing, and so may the `tag` that a union has read."""
    every = {**fields, **(optional or {})}
    needed = len(fields)

    def check(value: Any, tag: Optional[str] = None) -> None:
        if not isinstance(value, dict):
            raise ShapeError("must be an object")
        found = 0
        for name, item in cast(_Fields, value).items():
            if name == tag:
                continue
            shape = fields.get(name)
            if shape is not None:
                found += 1
            else:
                shape = every.get(name)
                if shape is None:
                    raise ShapeError(f"is not known; known are {', '.join(every)}", name)
            try:
                shape(item)
            except ShapeError as error:
                raise error.within(name) from None
        if found < needed:
            raise ShapeError("is missing", next(name for name in fields if name not in value))

    return check


def union(tag: str, variants: dict[str, Shape]) -> Shape:
    """An object whose `tag` field names its shape, a record without the tag."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            name = cast(_Fields, value).get(tag)
            shape = variants.get(name) if isinstance(name, str) else None
            if shape is not None:
                return shape(value, tag)
        raise ShapeError(f"must be one of {', '.join(variants)}", tag)

    return check


def array(item: Shape, low: int = 0, high: Optional[int] = None) -> Shape:
    def check(value: Any) -> None:
        if not isinstance(value, list):
            raise ShapeError("must be an array")
        entries = cast(_Entries, value)
        if len(entries) < low or (high is not None and len(entries) > high):
            raise ShapeError(f"has {len(entries)} entries; allowed are {low} to {'any number' if high is None else high}")
        for index, entry in enumerate(entries):
            try:
                item(entry)
            except ShapeError as error:
                raise error.within(index) from None

    return check


def mapping(item: Shape) -> Shape:
    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise ShapeError("must be an object")
        for name, entry in cast(_Fields, value).items():
            try:
                item(entry)
            except ShapeError as error:
                raise error.within(name) from None

    return check


def nullable(shape: Shape) -> Shape:
    def check(value: Any) -> None:
        if value is not None:
            shape(value)

    return check


def string(value: Any) -> None:
    if not isinstance(value, str):
        raise ShapeError("must be a string")


def boolean(value: Any) -> None:
    if not isinstance(value, bool):
        raise ShapeError("must be true or false")


def one_of(*names: str) -> Shape:
    def check(value: Any) -> None:
        if not isinstance(value, str) or value not in names:
            raise ShapeError(f"must be one of {', '.join(names)}")

    return check


def matching(pattern: str, what: str) -> Shape:
    compiled = re.compile(pattern)

    def check(value: Any) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ShapeError(f"must be {what}")

    return check


# Of what has bytes, and of a device: both languages and both protocols name them alike.
content_hash = matching(r"[0-9a-f]{64}", "64 hex digits")
device_id = matching(r"[\w.:-]{1,80}", "a device id of at most 80 characters")


def number(low: float = -math.inf, above: float = -math.inf) -> Shape:
    """At least `low` and more than `above`. NaN and infinities are not JSON and are refused."""

    def check(value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ShapeError("must be a number")
        if value < low or value <= above:
            raise ShapeError(f"must be {f'more than {above:g}' if above > low else f'at least {low:g}'}")

    return check


def integer(low: Optional[int] = None) -> Shape:
    def check(value: Any) -> None:
        if type(value) is not int and not (isinstance(value, float) and value.is_integer()):
            raise ShapeError("must be a whole number")
        if low is not None and value < low:
            raise ShapeError(f"must be at least {low}")

    return check


def either(first: Shape, second: Shape) -> Shape:
    """One of the two; the complaint is the second's."""

    def check(value: Any) -> None:
        try:
            first(value)
        except ShapeError:
            second(value)

    return check
