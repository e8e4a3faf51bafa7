"""Types of tensors in frames, and of how outputs are compared, as in src/domain/plan/resolved-plan.ts (held by the golden fixtures)."""
from typing import Any, Literal, TypedDict


class Tolerance(TypedDict):
    rtol: float
    atol: float
    relative_l2: float


class Compare(TypedDict):
    """Of indices: right is every one that leads to the same element of a row of `of` as the reference's."""

    kind: Literal["indices"]
    of: str
    # Elements of a row of `of`, and indices of a row.
    length: int
    each: int
    distinct: bool


class _Tensor(TypedDict):
    name: str
    dtype: str
    elements: int
    role: Literal["in", "out", "inout"]
    # By its kind; judge/tensors.py knows them.
    distribution: dict[str, Any]


class Tensor(_Tensor, total=False):
    # Of an output; the problem's where it is absent.
    tolerance: Tolerance
    # Of an output that is compared in another way than by numbers.
    compare: Compare
