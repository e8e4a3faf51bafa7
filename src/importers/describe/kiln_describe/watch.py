"""Watches the operations of a file while it makes its inputs: of each tensor's memory, how it was drawn; and what was drawn in which order."""
import math
from typing import Any, Optional

from kiln_describe.draws import EMPTY, Draw, constant, is_independent, unplain
from kiln_describe.framework import DispatchMode, family_of, is_tensor, place_of, repeats, room_of, storage_of, torch
from kiln_describe.kiln_derive import RANDOM, name_of, reads
from kiln_describe.lines import Lines
from kiln_describe.operations import Operation, after
from kiln_describe.raw_draws import RawDraws

MADE_BYTES_MAX = 1 << 28
_SIZES_FROM = ("empty", "zeros", "ones", "full", "rand", "randn", "randint", "empty_strided")


class TooLarge(Exception):
    """What a file makes is too much to be made here."""


class Watch(DispatchMode):
    """`limit`: bytes that may be made; None where tensors have no numbers."""

    def __init__(self, lines: Lines, limit: Optional[int]) -> None:
        super().__init__()
        self._lines, self._limit, self._made = lines, limit, 0
        self._draws: dict[int, Draw] = {}
        # Whoever's memory is given back would leave its place to another.
        self._kept: list[Any] = []
        # The first value that Python read of a tensor, which may steer what is drawn.
        self.read: Optional[str] = None
        self.raw = RawDraws()

    def draw_of(self, tensor: Any) -> Draw:
        known = self._draws.get(place_of(tensor))
        if known is None:
            return unplain("nothing says how it was drawn")
        if known.kind == "unplain":
            return known
        if repeats(tensor) and len(known.choice) != 1:
            return unplain("its elements repeat")
        if known.kind in ("permutation", "sorted") and not tensor.is_contiguous():
            return unplain(f"a {known.kind} that is not contiguous")
        if known.kind == "permutation" and (tensor.ndim == 0 or tensor.shape[-1] != known.low):
            return unplain("a permutation in another shape")
        return known

    def given(self, tensor: Any, data: Any) -> None:
        """A tensor that was made of numbers."""
        numbers = {float(one) for one in _flat(data)}
        self._put(tensor, constant(numbers.pop()) if len(numbers) == 1 else unplain(self._lines.at("numbers that the file lists")))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if not hasattr(func, "_schema"):
            # An operation of operations: what it comes to is unknown.
            return func(*args, **named)
        name = name_of(func)
        if self._limit is not None and name in _SIZES_FROM:
            self._count(args)
        if reads(name, args):
            self.read = self.read or self._lines.at("a value that is read" if name == "_local_scalar_dense" else f"{name}, which reads values")
        result = func(*args, **named)
        self._follow(func, name, args, named, result)
        return result

    def _count(self, args: Any) -> None:
        sizes = next((one for one in args if isinstance(one, (list, tuple))), [])
        self._made += math.prod(int(size) for size in sizes) * 4
        if self._limit is not None and self._made > self._limit:
            raise TooLarge(self._lines.at(f"more than {self._limit >> 20} MiB are made"))

    def _follow(self, func: Any, name: str, args: Any, named: Any, result: Any) -> None:
        returns = func._schema.returns
        made = [one for one in (result if isinstance(result, (list, tuple)) else [result]) if is_tensor(one)]
        if not made or not returns:
            return
        alias = returns[0].alias_info
        if alias is not None and not alias.is_write:
            # A view: its memory is known.
            return
        family = family_of(made[0].dtype)
        plain = after(Operation(_stem(name), args, named, self._argument, family, alias is not None))
        self.raw.count()
        if _stem(name) in RANDOM:
            self.raw.add(made[0], plain if plain is not None else unplain(self._lines.at(_stem(name))))
        found = plain if plain is not None else self._reason(name, args)
        for index, one in enumerate(made):
            self._put_whole(one, found if index == 0 else unplain(self._lines.at(name)), is_write=alias is not None)

    def _reason(self, name: str, args: Any) -> Draw:
        """The first thing that made it so, which may lie before this operation."""
        parts = [part for one in args for part in (one if isinstance(one, (list, tuple)) else [one])]  # pyright: ignore
        before = [self._draws.get(place_of(part)) for part in parts if is_tensor(part)]
        return next((one for one in before if one is not None and one.kind == "unplain"), unplain(self._lines.at(name.strip("_"))))

    def _argument(self, value: Any) -> Optional[Draw]:
        return self.draw_of(value) if is_tensor(value) else None

    def _put_whole(self, tensor: Any, draw: Draw, *, is_write: bool) -> None:
        if is_write and tensor.numel() < room_of(tensor):
            before = self._draws.get(place_of(tensor), EMPTY)
            if before == draw and is_independent(draw):
                return
            draw = unplain(self._lines.at("a part of it is set apart"))
        self._put(tensor, draw)

    def _put(self, tensor: Any, draw: Draw) -> None:
        self._kept.append(storage_of(tensor))
        self._draws[place_of(tensor)] = draw


def _stem(name: str) -> str:
    """ "mul_" -> "mul"; "_to_copy" stays. """
    return name.rstrip("_")


def _flat(data: Any) -> list[Any]:
    if isinstance(data, (list, tuple)):
        return [one for part in data for one in _flat(part)]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(data, (int, float)):
        return [data]
    # Not read: two that differ stand for "not one number".
    return [0, 1] if not is_tensor(data) or data.numel() != 1 or data.device == torch.device("meta") else [data.item()]
