"""Recordings that are judged on a case: what each side of them has to see, shown before they run.

Modes: the sides' (what candidate, record and baseline see is shown together) -> the reference's, that of what derives inputs, or of what checks
outputs (each sees its own memory alone, which nobody else ever sees, and what it keeps is as it was recorded) -> the sides'. Runs of the reference
follow on runs of sides and are followed by them, so that a change of mode is rare.
"""
from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import Tensor

from ..device import INPUTS, VERIFY
from ..failures import InfraFailure
from ..recorded import apart
from ..tensors import tensor_bytes
from .driver import Driver
from .memory import Piece
from .recorded_program import Bound, RecordedProgram
from .windows import Shown, Windows

REFERENCE = "reference"
_ALONE = (REFERENCE, INPUTS, VERIFY)


class Written(NamedTuple):
    """An output of a recorded reference: where it writes that, and where it is expected."""

    tensor: Tensor
    own: int
    expected: int


def together(sides: Mapping[str, Mapping[int, Shown]]) -> dict[int, Shown]:
    """What several sides see at once: the case's inputs are the same for all. InfraFailure where two want other memory at one address."""
    places = sorted({(at, shown, side) for side, bound in sides.items() for at, shown in bound.items()})
    for (at, shown, side), (following, other, of) in zip(places, places[1:]):
        if following < at + shown.bytes and (at, shown) != (following, other):
            message = f"the recordings of the {side} and of the {of} have other memory at {following:#x}: one is to be recorded at other addresses"
            raise InfraFailure("addresses_clash", message)
    return {at: shown for at, shown, _ in places}


class CaseRecordings:
    def __init__(self, windows: Windows, case: str) -> None:
        self._windows, self._case = windows, case
        self._bound: dict[str, tuple[RecordedProgram, Bound]] = {}
        # Whose mode it is; None: the sides'.
        self._alone: Optional[str] = None

    def bind(self, side: str, program: RecordedProgram, pieces: Mapping[str, Piece]) -> Sequence[Callable[[], int]]:
        """`pieces`: the case's memory, by REPLICA/TENSOR and SIDE.SCRATCH."""
        tensors = {name.split("/", 1)[1]: piece for name, piece in pieces.items() if name.startswith("0/")}
        own = {name.split(".", 1)[1]: piece for name, piece in pieces.items() if "/" not in name and name.startswith(f"{side}.")}
        if side in _ALONE:
            tensors.update({name[len(apart("")) :]: piece for name, piece in own.items() if name.startswith(apart(""))})
        bound = program.bind(self._case, {**own, **tensors}, self.show)
        self._bound[side] = (program, bound)
        self.show()
        program.restore()
        return bound.operations

    @property
    def has_reference(self) -> bool:
        return REFERENCE in self._bound

    def show(self) -> None:
        """Of all sides but those that see theirs alone. Those of programs that are closed are forgotten."""
        self._bound = {side: found for side, found in self._bound.items() if not found[0].is_closed}
        self._alone = None
        if self._bound:
            self._windows.show(together({side: bound.shown for side, (_, bound) in self._bound.items() if side not in _ALONE}))

    def show_alone(self, side: str) -> None:
        """A candidate may have reached what it keeps: that is written anew before it runs."""
        if self._alone == side:
            return
        program, bound = self._bound[side]
        self._windows.show(bound.shown)
        program.restore()
        self._alone = side

    def replay(self, driver: Driver, written: Sequence[Written], launch: Callable[[], None]) -> None:
        """The reference once: in memory of its own, from where its inputs were drawn and to where its outputs are expected."""
        self.show_alone(REFERENCE)
        for tensor, own, expected in written:
            if tensor["role"] == "inout":
                driver.copy(own, expected, tensor_bytes(tensor))
        launch()
        for tensor, own, expected in written:
            driver.copy(expected, own, tensor_bytes(tensor))

    def restore(self) -> None:
        """Of the sides; that of the others when they are shown."""
        for side, (program, _) in self._bound.items():
            if side not in _ALONE:
                program.restore()

    def close(self) -> None:
        """The case's memory is about to be somebody else's."""
        if self._bound:
            self._windows.hide()
