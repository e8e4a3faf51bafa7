"""Runs a reference and says what it returns, what it changes, and whether its result rests on chance."""
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional, cast

from kiln_describe.chance import Chance
from kiln_describe.framework import dtype_of, is_tensor, place_of, torch
from kiln_describe.inputs import redirected, said
from kiln_describe.lines import Lines
from kiln_describe.refused import Refused

OUTPUTS_MAX = 16


class Ran(NamedTuple):
    # {"tensor": index or null, "dtype", "known", "shape", "name"}, in order.
    outputs: list[dict[str, Any]]
    # Indices of tensors that it changed.
    changed: list[int]
    # The numbers, where there are any.
    values: list[Any]


def run(call: Callable[[], Any], tensors: list[Any], *, device: str, lines: Lines) -> Ran:
    """Once. Refused where its result rests on chance and that can be told without numbers."""
    chance = Chance(lines, keeps=device == "meta")
    versions = [one._version for one in tensors]
    with torch.no_grad(), redirected(device, chance):
        returned = call()
    changed = [index for index, one in enumerate(tensors) if one._version != versions[index]]
    named = _named(returned, tensors, changed)
    for _name, value in named:
        behind = chance.behind(value)
        if behind is not None:
            raise Refused(f"the reference's result rests on chance: {behind}")
    outputs = [_described(name, value, tensors) for name, value in named]
    return Ran(outputs, changed, [] if device == "meta" else [value.detach().clone() for _name, value in named])


def _named(returned: Any, tensors: list[Any], changed: list[int]) -> list[tuple[Optional[str], Any]]:
    if returned is None:
        if not changed:
            raise Refused("the reference returns nothing, and changes none of its tensors")
        return [(None, tensors[index]) for index in changed]
    if is_tensor(returned):
        return [(None, returned)]
    values: list[tuple[Optional[str], Any]] = []
    if isinstance(returned, Mapping):
        values = [(str(key), value) for key, value in cast("Mapping[Any, Any]", returned).items()]
    elif isinstance(returned, Sequence) and not isinstance(returned, (str, bytes)):
        values = [(None, value) for value in cast("Sequence[Any]", returned)]
    other = next((type(value).__name__ for _name, value in values if not is_tensor(value)), None)
    if not values or other is not None or len(values) > OUTPUTS_MAX:
        what = f"{type(returned).__name__}{f' with {other}' if other else ''}"
        raise Refused(f"the reference returns {what}; tensors, or a tuple or dict of some, can be compared")
    return values


def _described(name: Optional[str], value: Any, tensors: list[Any]) -> dict[str, Any]:
    dtype, is_known = dtype_of(value)
    given = next((index for index, one in enumerate(tensors) if place_of(one) == place_of(value) and one.shape == value.shape), None)
    return {"name": name, "tensor": given, "dtype": dtype, "known": is_known, "shape": list(value.shape)}


def same(first: Ran, second: Ran) -> bool:
    """Two runs on the same inputs, to the last bit; NaN is NaN."""
    return all(
        torch.equal(torch.nan_to_num(one.double()), torch.nan_to_num(other.double())) for one, other in zip(first.values, second.values)
    )


def attempt(call: Callable[[], Any], tensors: list[Any], *, device: str, lines: Lines) -> tuple[Optional[Ran], str]:
    """What came of it, or why nothing did. Refused goes through."""
    try:
        return run(call, tensors, device=device, lines=lines), ""
    except Refused:
        raise
    except Exception as error:  # whatever a person's file raises
        return None, said(error, lines)
