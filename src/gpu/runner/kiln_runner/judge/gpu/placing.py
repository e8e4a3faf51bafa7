"""Where the buffers of a case lie in the arena. Pure."""
from typing import Dict, List, NamedTuple

from ..device import LOOKS
from ..layout import GUARD_BYTES, Placement, place
from ..tensors import is_output, tensor_bytes


class Places(NamedTuple):
    """`private`: KINDLOOK/TENSOR, out of every side's reach, without guards. `visible`: REPLICA/TENSOR and SIDE.SCRATCH, each between
    guards. `end`: bytes of all."""

    private: Dict[str, Placement]
    visible: Dict[str, Placement]
    end: int


def place_case(tensors: List[dict], batch: int, scratch: Dict[str, Dict[str, int]]) -> Places:
    own = [(t["name"], tensor_bytes(t)) for t in tensors if is_output(t)]
    private, end = place([(f"{kind}{look}/{n}", size) for look in range(LOOKS) for kind in ("expected", "kept") for n, size in own], 0, 0)
    visible = [(f"{r}/{t['name']}", tensor_bytes(t)) for r in range(batch) for t in tensors]
    visible += [(f"{side}.{n}", size) for side in sorted(scratch) for n, size in scratch[side].items()]
    return Places(private, *place(visible, end, GUARD_BYTES))
