"""Variables of a side's code that its plan fills: what is copied there before every run, and whether it can be. Pure.

The copy is made right before each run, from where the run's inputs lie: what a run finds there is of its own inputs, whatever another run, another
case or its own kernels wrote before. A module has each variable once, so executions that are timed together would share one value: sides with
symbols are timed one execution at a time (judgement.py).
"""
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Optional

from kiln_runner.compile.elf import Variable
from kiln_runner.protocol import Plan, Tensor, TensorArgument

from .failures import LaunchRejected
from .known_names import known_names
from .tensors import tensor_bytes

_FORMATS = {"f64": "=d", "f32": "=f", "i64": "=q", "i32": "=i", "u32": "=I"}


class Fill(NamedTuple):
    """What fills the variable `name`: a tensor, or where there is none `data`. `size`: bytes of either."""

    name: str
    size: int
    tensor: Optional[TensorArgument]
    data: bytes

    @property
    def field(self) -> str:
        return f"symbols.{self.name}"


def fills_of(plan: Plan, tensors: Sequence[Tensor]) -> list[Fill]:
    """Of a case with these tensors."""
    sizes = {tensor["name"]: tensor_bytes(tensor) for tensor in tensors}
    fills: list[Fill] = []
    for symbol in plan.get("symbols", []):
        value = symbol["value"]
        if value["kind"] == "scalar":
            number = value["value"] if value["dtype"] in ("f64", "f32") else int(value["value"])
            data = struct.pack(_FORMATS[value["dtype"]], number)
            fills.append(Fill(symbol["name"], len(data), None, data))
        else:
            fills.append(Fill(symbol["name"], sizes[value["name"]], value, b""))
    return fills


def names_in(plans: Iterable[Plan]) -> frozenset[str]:
    """Variables that these plans fill."""
    return frozenset(symbol["name"] for plan in plans for symbol in plan.get("symbols", []))


def refuse_misfit(fill: Fill, variables: Mapping[str, Variable]) -> None:
    """LaunchRejected unless the code has the variable, with room for what fills it."""
    variable = variables.get(fill.name)
    if variable is None:
        raise LaunchRejected(fill.field, f'no variable "{fill.name}" in the compiled code; {_known(variables)}')
    if not variable.is_writable:
        raise LaunchRejected(fill.field, f'"{fill.name}" is const, so nothing can be copied there: declare it without const')
    if fill.size > variable.bytes:
        what = f"{fill.tensor['name']} has" if fill.tensor else "the value has"
        raise LaunchRejected(fill.field, f'"{fill.name}" has {variable.bytes} bytes, {what} {fill.size}')


def _known(variables: Mapping[str, Variable]) -> str:
    names = [f"{name} ({variable.bytes} bytes)" for name, variable in sorted(variables.items()) if variable.is_writable]
    if not names:
        return "it has none: declare it at file scope, not static, and read it"
    return f"it has {known_names(names)}"
