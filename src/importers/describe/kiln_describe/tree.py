"""What a file hands over, as a tree of text with its tensors beside it."""
from typing import Any, NamedTuple, cast

from kiln_describe.framework import is_tensor

DEPTH_MAX = 8
ITEMS_MAX = 512


class Refused(Exception):
    """What a file has that no problem can hold; the message says what and where."""


class Found(NamedTuple):
    """`places`: of each tensor, the keys and indices that lead to it."""

    tree: Any
    tensors: list[Any]
    places: list[list[str]]


def take(data: Any) -> Found:
    found = Found(None, [], [])
    return found._replace(tree=_take(data, found, []))


def _take(value: Any, found: Found, place: list[str]) -> Any:
    if len(place) > DEPTH_MAX or len(found.tensors) > ITEMS_MAX:
        raise Refused(f"data is nested too deep or too large at {_words(place)}")
    if is_tensor(value):
        same = next((index for index, one in enumerate(found.tensors) if one is value), None)
        if same is not None:
            return {"tensor": same}
        found.tensors.append(value)
        found.places.append(place)
        return {"tensor": len(found.tensors) - 1}
    if value is None or isinstance(value, bool):
        return {"constant": value}
    if isinstance(value, (int, float)):
        return {"number": value, "float": isinstance(value, float)}
    if isinstance(value, (tuple, list)):
        parts = cast(list[Any], value)
        return {"tuple": [_take(part, found, [*place, str(index)]) for index, part in enumerate(parts)]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in cast(dict[Any, Any], value)):
        return {"dict": {key: _take(part, found, [*place, key]) for key, part in cast(dict[str, Any], value).items()}}
    raise Refused(f"data{_words(place)} is {type(value).__name__} {value!r:.60}; tensors, numbers, tuples and dicts can be handed over")


def _words(place: list[str]) -> str:
    return "".join(f"[{one}]" for one in place)


def plain_arguments(values: Any, what: str) -> Any:
    """As text holds them: tuples as lists, whole numbers as int. Refused: anything else."""
    if values is None or isinstance(values, (bool, str, int)):
        return values
    if isinstance(values, float):
        return int(values) if values.is_integer() else values
    if isinstance(values, (list, tuple)):
        return [plain_arguments(one, f"{what}[{index}]") for index, one in enumerate(cast(list[Any], values))]
    if isinstance(values, dict):
        named = cast(dict[Any, Any], values)
        if all(isinstance(key, str) for key in named):
            return {key: plain_arguments(one, f"{what}[{key}]") for key, one in named.items()}
    raise Refused(f"{what} is {type(values).__name__}; numbers, text, true, false, null, lists and dicts can be written down")
