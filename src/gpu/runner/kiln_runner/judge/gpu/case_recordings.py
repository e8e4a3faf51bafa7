"""Recordings that are judged on a case: what each side of them has to see, shown before they run."""
from collections.abc import Mapping, Sequence
from typing import Callable

from .memory import Piece
from .recorded_program import Bound, RecordedProgram
from .windows import Windows


class CaseRecordings:
    def __init__(self, windows: Windows, case: str) -> None:
        self._windows, self._case = windows, case
        self._bound: dict[str, tuple[RecordedProgram, Bound]] = {}

    def bind(self, side: str, program: RecordedProgram, pieces: Mapping[str, Piece]) -> Sequence[Callable[[], int]]:
        """`pieces`: the case's memory, by REPLICA/TENSOR and SIDE.SCRATCH."""
        tensors = {name.split("/", 1)[1]: piece for name, piece in pieces.items() if name.startswith("0/")}
        own = {name.split(".", 1)[1]: piece for name, piece in pieces.items() if "/" not in name and name.startswith(f"{side}.")}
        bound = program.bind(self._case, {**own, **tensors})
        self._bound[side] = (program, bound)
        self.show()
        program.restore()
        return bound.operations

    def show(self) -> None:
        """Those of programs that are closed are forgotten."""
        self._bound = {side: found for side, found in self._bound.items() if not found[0].is_closed}
        if self._bound:
            self._windows.show({at: shown for _, bound in self._bound.values() for at, shown in bound.shown.items()})

    def restore(self) -> None:
        for program, _ in self._bound.values():
            program.restore()

    def close(self) -> None:
        """The case's memory is about to be somebody else's."""
        if self._bound:
            self._windows.hide()
