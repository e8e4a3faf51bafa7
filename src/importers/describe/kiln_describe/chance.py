"""Watches a reference: whether its result rests on numbers that are drawn while it runs."""
from typing import Any, Optional

from kiln_describe.framework import DispatchMode, is_tensor, place_of, storage_of
from kiln_describe.kiln_derive import RANDOM, name_of
from kiln_describe.lines import Lines


class Chance(DispatchMode):
    """`keeps`: tensors have no numbers, so that keeping all of them costs nothing, and what rests on what can be told."""

    def __init__(self, lines: Lines, *, keeps: bool) -> None:
        super().__init__()
        self._lines, self._keeps = lines, keeps
        self._drawn: dict[int, str] = {}
        self._kept: list[Any] = []
        # The first draw, whatever became of it.
        self.first: Optional[str] = None

    def behind(self, tensor: Any) -> Optional[str]:
        """The draw that it rests on, where that is told."""
        return self._drawn.get(place_of(tensor))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if not hasattr(func, "_schema"):
            return func(*args, **named)
        name = name_of(func)
        result = func(*args, **named)
        drawn = self._lines.at(name.strip("_")) if _draws(func, name, args, named) else None
        self.first = self.first or drawn
        if self._keeps:
            self._follow(drawn, [*args, *named.values()], result)
        return result

    def _follow(self, drawn: Optional[str], given: list[Any], result: Any) -> None:
        behind = drawn or next((self._drawn[place] for place in _places(given) if place in self._drawn), None)
        for one in result if isinstance(result, (list, tuple)) else [result]:
            if not is_tensor(one):
                continue
            self._kept.append(storage_of(one))
            if behind is not None:
                self._drawn.setdefault(place_of(one), behind)


def _draws(func: Any, name: str, args: Any, named: Any) -> bool:
    if name.rstrip("_") in RANDOM:
        share = next((one for one in args[1:] if isinstance(one, float)), None) if name == "native_dropout" else None
        return share is None or share > 0
    for index, argument in enumerate(func._schema.arguments):
        if argument.name == "dropout_p":
            return bool(args[index] if index < len(args) else named.get("dropout_p", 0))
    return False


def _places(values: list[Any]) -> list[int]:
    found: list[int] = []
    for value in values:
        parts: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value]  # pyright: ignore[reportUnknownArgumentType]
        found.extend(place_of(part) for part in parts if is_tensor(part))
    return found
