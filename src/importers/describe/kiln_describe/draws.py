"""How the numbers of a tensor were drawn, and what arithmetic makes of that. Pure: no tensors here.

A draw is of elements that are independent of each other, except for `permutation` and `sorted`, which hold along the last axis.
"""
import math
from typing import Any, NamedTuple, Optional

VALUES_MAX = 8
_SHARES_DIGITS = 12


class Draw(NamedTuple):
    """`uniform` [low, high), `normal` (mean, std), `integers` and `sorted` [low, high], `choice` of values with shares,
    `permutation` of `low` numbers, `empty`: not set yet, `unplain`: nothing of these, for `reason`."""

    kind: str
    low: float = 0
    high: float = 0
    choice: tuple[tuple[float, float], ...] = ()
    reason: str = ""


EMPTY = Draw("empty")
_SPREAD = ("uniform", "normal", "integers")


def unplain(reason: str) -> Draw:
    return Draw("unplain", reason=reason)


def constant(value: float) -> Draw:
    return Draw("choice", choice=((value, 1.0),))


def two(share: float) -> Draw:
    """1 with the probability `share`, otherwise 0."""
    return constant(float(share >= 1)) if not 0 < share < 1 else Draw("choice", choice=((0.0, 1 - share), (1.0, share)))


def constant_of(draw: Optional[Draw]) -> Optional[float]:
    return draw.choice[0][0] if draw is not None and draw.kind == "choice" and len(draw.choice) == 1 else None


def is_independent(draw: Draw) -> bool:
    return draw.kind in (*_SPREAD, "choice", "empty")


def affine(draw: Draw, scale: float, shift: float) -> Optional[Draw]:
    """Of scale * x + shift; None: no draw of these kinds."""
    if scale == 0 and draw.kind in _SPREAD:
        return constant(shift)
    if draw.kind == "normal":
        return Draw("normal", draw.low * scale + shift, draw.high * abs(scale))
    stays_whole = draw.kind == "integers" and abs(scale) == 1 and float(shift).is_integer()
    if draw.kind == "uniform" or stays_whole:
        ends = sorted((draw.low * scale + shift, draw.high * scale + shift))
        return Draw(draw.kind, ends[0], ends[1])
    values = _values(draw)
    return None if values is None else _choice([(value * scale + shift, share) for value, share in values])


def absolute(draw: Draw) -> Optional[Draw]:
    if draw.kind == "choice":
        return _choice([(abs(value), share) for value, share in draw.choice])
    if draw.kind in ("uniform", "integers") and draw.low >= 0:
        return draw
    return Draw("uniform", 0, draw.high) if draw.kind == "uniform" and draw.low == -draw.high else None


def cast(draw: Draw, to: str) -> Optional[Draw]:
    """`to`: "float", "int" or "bool". Rounding to a smaller type of the same kind is left to whoever draws."""
    if to == "float" or draw.kind == "empty":
        return draw
    if to == "bool":
        return compared(draw, "ne", 0)
    if draw.kind == "choice":
        return _choice([(math.trunc(value), share) for value, share in draw.choice]) if all(map(math.isfinite, _numbers(draw))) else None
    if draw.kind == "uniform":
        is_whole = draw.low >= 0 and float(draw.low).is_integer() and float(draw.high).is_integer() and draw.high > draw.low
        return Draw("integers", draw.low, draw.high - 1) if is_whole else None
    return None if draw.kind == "normal" else draw


def compared(draw: Draw, how: str, bound: float) -> Optional[Draw]:
    """Of x < bound (`lt`), and so on."""
    values = _values(draw)
    if values is not None:
        return two(round(sum(share for value, share in values if _COMPARE[how](value, bound)), _SHARES_DIGITS))
    if draw.kind == "integers":
        first, last = (draw.low, draw.high)
        below = min(max(math.ceil(bound) - first, 0), last - first + 1)
        at = float(float(bound).is_integer() and first <= bound <= last)
        count = {"lt": below, "le": below + at, "eq": at}
        total = last - first + 1
        share = count[how] if how in count else total - count[{"ge": "lt", "gt": "le", "ne": "eq"}[how]]
        return two(share / total)
    if draw.kind == "uniform" and how not in ("eq", "ne"):
        below = min(max((bound - draw.low) / (draw.high - draw.low), 0), 1)
        return two(round(below if how in ("lt", "le") else 1 - below, _SHARES_DIGITS))
    is_half = draw.kind == "normal" and bound == draw.low and how not in ("eq", "ne")
    return two(0.5) if is_half else None


_COMPARE: dict[str, Any] = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}


def in_order(draw: Draw) -> Optional[Draw]:
    return Draw("sorted", draw.low, draw.high) if draw.kind == "integers" else draw if constant_of(draw) is not None else None


def document(draw: Draw) -> dict[str, Any]:
    """As the answer's text has it: a distribution of problem.yaml, `empty`, or why it is none."""
    if draw.kind == "uniform":
        return {"kind": "uniform", "low": draw.low, "high": draw.high}
    if draw.kind == "normal":
        return {"kind": "normal", "mean": draw.low, "std": draw.high}
    if draw.kind in ("integers", "sorted"):
        bounds: dict[str, Any] = {"kind": "integers", "low": int(draw.low), "high": int(draw.high)}
        return {**bounds, "sorted": True} if draw.kind == "sorted" else bounds
    if draw.kind == "choice":
        return _choice_document(draw)
    return {"kind": "unplain", "reason": draw.reason} if draw.kind == "unplain" else {"kind": draw.kind}


def _choice_document(draw: Draw) -> dict[str, Any]:
    if not all(map(math.isfinite, _numbers(draw))):
        return {"kind": "unplain", "reason": "it holds infinite or NaN"}
    parts = [(_one(value), share) for value, share in draw.choice]
    if len(parts) == 1:
        return parts[0][0]
    if _numbers(draw) == (0.0, 1.0):
        return {"kind": "bernoulli", "share": draw.choice[1][1]}
    return {"kind": "mixture", "of": [{**part, "share": share} for part, share in parts]}


def _one(value: float) -> dict[str, Any]:
    if float(value).is_integer():
        return {"kind": "integers", "low": int(value), "high": int(value)}
    return {"kind": "uniform", "low": value, "high": value}


def _numbers(draw: Draw) -> tuple[float, ...]:
    return tuple(float(value) for value, _share in draw.choice)


def _values(draw: Draw) -> Optional[list[tuple[float, float]]]:
    if draw.kind == "choice":
        return list(draw.choice)
    count = int(draw.high - draw.low) + 1
    if draw.kind != "integers" or count > VALUES_MAX:
        return None
    return [(draw.low + step, 1 / count) for step in range(count)]


def _choice(parts: list[tuple[float, float]]) -> Optional[Draw]:
    shares: dict[float, float] = {}
    for value, share in parts:
        shares[float(value)] = shares.get(float(value), 0) + share
    return Draw("choice", choice=tuple(sorted(shares.items()))) if len(shares) <= VALUES_MAX else None
