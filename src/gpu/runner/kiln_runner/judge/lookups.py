"""Outputs that hold indices of an input: what they are looked up in, as the helper kernels know it (native/element.h)."""
import ctypes
from collections.abc import Sequence
from typing import Optional

from kiln_runner.protocol import Tensor

from .tensors import DTYPE_CODE


class Lookup(ctypes.Structure):
    """As native/element.h has it."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("of", "seen", "length", "each", "dtype")]


NO_LOOKUP = Lookup()


def looked_up_in(tensor: Tensor, tensors: Sequence[Tensor]) -> Optional[Tensor]:
    """What an output holds indices of; None where it is compared by its numbers."""
    compare = tensor.get("compare")
    return next(of for of in tensors if of["name"] == compare["of"]) if compare else None


def lookup_in(of: Optional[Tensor], tensor: Tensor, address: int, seen: int = 0) -> Lookup:
    """`of`: as `looked_up_in` says, at `address`. `seen`: of the bits that tell an index that comes twice in a row; 0: nobody looks."""
    compare = tensor.get("compare")
    if of is None or compare is None:
        return NO_LOOKUP
    return Lookup(address, seen, compare["length"], compare["each"], DTYPE_CODE[of["dtype"]])


def seen_bytes(tensor: Tensor, of: Optional[Tensor]) -> int:
    """0 where an index may come twice in a row."""
    compare = tensor.get("compare")
    return -(-of["elements"] // 32) * 4 if of and compare and compare["distinct"] else 0
