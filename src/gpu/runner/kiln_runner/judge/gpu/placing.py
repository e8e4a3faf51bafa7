"""What a case needs of the device's memory. Pure."""
from typing import NamedTuple

from kiln_runner.protocol import DefinedCase

from ..device import LOOKS
from ..layout import Placement, Room, Scratch, place, room
from ..lookups import looked_up_in, seen_bytes
from ..tensors import is_output, tensor_bytes
from .own_check import private_sizes
from .proof import bytes_of

GUARD_TABLE, PROOF = "guards", "proof"
# {address, length} of a guard.
GUARD_ENTRY_BYTES = 16


class Places(NamedTuple):
    """`private`: KINDLOOK/TENSOR, the guard table and the proof, offsets in one mapping, `private_bytes` long, that no side is told. `visible`:
    REPLICA/TENSOR and SIDE.SCRATCH, each in a mapping of its own."""

    private: dict[str, Placement]
    private_bytes: int
    visible: dict[str, Room]

    @property
    def sizes(self) -> list[int]:
        """Of all mappings, that of `private` last."""
        return [room.mapped for room in self.visible.values()] + [self.private_bytes]


class Poisonable(NamedTuple):
    pointer: int
    bytes: int
    dtype: str


def proven_types(case: DefinedCase) -> list[str]:
    """What is compared."""
    return sorted({*(tensor["dtype"] for tensor in case["tensors"] if is_output(tensor)), *(["u8"] if "rules" in case else [])})


def place_case(case: DefinedCase, batch: int, scratch: Scratch, page: int) -> Places:
    tensors = case["tensors"]
    own = [(t["name"], tensor_bytes(t)) for t in tensors if is_output(t)]
    visible = [(f"{r}/{t['name']}", tensor_bytes(t)) for r in range(batch) for t in tensors]
    visible += [(f"{side}.{n}", size) for side in sorted(scratch) for n, size in scratch[side].items()]
    private = [(f"{kind}{look}/{n}", size) for look in range(LOOKS) for kind in ("expected", "kept") for n, size in own]
    seen = [(f"seen/{t['name']}", seen_bytes(t, looked_up_in(t, tensors))) for t in tensors]
    private += [(name, size) for name, size in seen if size] + private_sizes(tensors, case.get("rules", []))
    private += [(GUARD_TABLE, 2 * GUARD_ENTRY_BYTES * len(visible)), (PROOF, bytes_of(proven_types(case)))]
    return Places(*place(private, 0, 0), {name: room(size, page) for name, size in visible})
