"""What a file hands over, as a tree of text with its tensors beside it."""
from typing import Any, NamedTuple, cast

from kiln_describe.framework import is_tensor
from kiln_describe.refused import Refused

DEPTH_MAX = 8
ITEMS_MAX = 512


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
