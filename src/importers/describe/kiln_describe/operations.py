"""What an operation of PyTorch makes of draws.

Names are those of its schemas, without "aten::" and without the "_" of what changes a tensor in place.
"""
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, Optional

from kiln_describe.draws import (
    EMPTY,
    Draw,
    absolute,
    affine,
    cast,
    compared,
    constant,
    constant_of,
    in_order,
    is_independent,
    two,
)


class Operation(NamedTuple):
    name: str
    args: Sequence[Any]
    kwargs: dict[str, Any]
    # Of an argument that is a tensor; None of one that is none.
    draw: Callable[[Any], Optional[Draw]]
    # Of the result: "float", "int" or "bool".
    family: str
    # It changes its first argument.
    is_write: bool

    def number(self, index: int, key: str, usual: Any = None) -> Any:
        """An argument that is a number, or a tensor of one number; None otherwise."""
        value = self.args[index] if len(self.args) > index else self.kwargs.get(key, usual)
        if isinstance(value, (int, float)):
            return float(value)
        return constant_of(self.draw(value)) if self.draw(value) is not None else None


def after(operation: Operation) -> Optional[Draw]:
    """None: nothing that is plain."""
    rule = _RULES.get(operation.name)
    return rule(operation) if rule else None


def _affine(one: Operation) -> Optional[Draw]:
    """a + alpha * b, a - alpha * b, a * b, a / b, where one of them is a number."""
    name, alpha = one.name, float(one.kwargs.get("alpha", 1))
    if len(one.args) != 2:
        return None
    left, right = one.number(0, "self"), one.number(1, "other")
    drawn = one.draw(one.args[0]) if right is not None else one.draw(one.args[1])
    if drawn is None or (left is None and right is None):
        return None
    if right is not None:
        scale, shift = {"add": (1, alpha * right), "sub": (1, -alpha * right), "rsub": (-alpha, right), "mul": (right, 0)}.get(name, (0.0, 0.0))
        if name == "div":
            scale = 1 / right if right and one.kwargs.get("rounding_mode") is None else 0.0
        return affine(drawn, scale, shift) if scale or name == "mul" else None
    assert left is not None
    fixed = {"add": (alpha, left), "sub": (-alpha, left), "mul": (left, 0)}.get(name)
    return affine(drawn, *fixed) if fixed else None


def _compare(one: Operation) -> Optional[Draw]:
    bound, drawn = one.number(1, "other"), one.draw(one.args[0])
    return None if bound is None or drawn is None else compared(drawn, one.name, bound)


def _integers(one: Operation) -> Optional[Draw]:
    """Bounds are (high) or (low, high)."""
    numbers = [value for value in one.args if isinstance(value, int) and not isinstance(value, bool)]
    if not numbers:
        return None
    low, high = (numbers[0], numbers[1]) if len(numbers) > 1 else (0, numbers[0])
    return Draw("integers", low, high - 1) if high > low else None


def _bernoulli(one: Operation) -> Optional[Draw]:
    is_given = one.is_write or len(one.args) > 1 or "p" in one.kwargs
    share = one.number(1, "p", 0.5) if is_given else constant_of(one.draw(one.args[0]))
    return None if share is None else two(share)


def _copied(one: Operation) -> Optional[Draw]:
    drawn = one.draw(one.args[0])
    return None if drawn is None else cast(drawn, one.family)


def _written(one: Operation) -> Optional[Draw]:
    drawn = one.draw(one.args[1])
    return None if drawn is None else cast(drawn, one.family)


def _joined(one: Operation) -> Optional[Draw]:
    found = {one.draw(part) for part in one.args[0]}
    [first, *others] = found
    if others or first is None:
        return None
    is_rows = one.name == "stack" and first.kind == "permutation" and (one.args[1] if len(one.args) > 1 else one.kwargs.get("dim", 0)) == 0
    return first if is_independent(first) or is_rows else None


def _filled(one: Operation) -> Optional[Draw]:
    value = one.number(1, "fill_value") if "value" not in one.kwargs else one.number(1, "value")
    return None if value is None else constant(value)


def _from(index: int, key: str, usual: float) -> Callable[[Operation], float]:
    return lambda one: one.number(index, key, usual) or 0.0


def _normal(one: Operation) -> Optional[Draw]:
    at = 1 if one.is_write else 0
    if not one.is_write and any(one.draw(value) is not None for value in one.args):
        return None
    mean, std = one.number(at, "mean", 0), one.number(at + 1, "std", 1)
    return Draw("normal", mean, std) if mean is not None and std is not None and std > 0 else None


def _uniform(one: Operation) -> Optional[Draw]:
    return Draw("uniform", _from(1, "from", 0)(one), _from(2, "to", 1)(one))


def _of_first(change: Callable[[Draw], Optional[Draw]]) -> Callable[[Operation], Optional[Draw]]:
    def changed(one: Operation) -> Optional[Draw]:
        drawn = one.draw(one.args[0])
        return None if drawn is None else change(drawn)
    return changed


def _always(draw: Draw) -> Callable[[Operation], Optional[Draw]]:
    return lambda _one: draw


_RULES: dict[str, Callable[[Operation], Optional[Draw]]] = {
    **dict.fromkeys(("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted"), _always(EMPTY)),
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros", "zero"), _always(constant(0))),
    **dict.fromkeys(("ones", "ones_like", "new_ones"), _always(constant(1))),
    **dict.fromkeys(("full", "full_like", "fill"), _filled),
    "new_full": lambda one: None if one.number(2, "fill_value") is None else constant(one.number(2, "fill_value")),
    "scalar_tensor": lambda one: None if one.number(0, "s") is None else constant(one.number(0, "s")),
    **dict.fromkeys(("rand", "rand_like"), _always(Draw("uniform", 0, 1))),
    **dict.fromkeys(("randn", "randn_like"), _always(Draw("normal", 0, 1))),
    **dict.fromkeys(("randint", "randint_like", "random"), _integers),
    "randperm": lambda one: Draw("permutation", one.args[0]),
    "uniform": _uniform,
    "normal": _normal,
    "bernoulli": _bernoulli,
    **dict.fromkeys(("add", "sub", "rsub", "mul", "div"), _affine),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), _compare),
    **dict.fromkeys(("clone", "_to_copy", "lift_fresh", "contiguous", "_reshape_copy"), _copied),
    "copy": _written,
    **dict.fromkeys(("flip", "roll"), _of_first(lambda drawn: drawn if is_independent(drawn) else None)),
    **dict.fromkeys(("stack", "cat"), _joined),
    "neg": _of_first(lambda drawn: affine(drawn, -1, 0)),
    "abs": _of_first(absolute),
    **dict.fromkeys(("logical_not",), _of_first(lambda drawn: compared(drawn, "eq", 0))),
    "sort": _of_first(in_order),
}
