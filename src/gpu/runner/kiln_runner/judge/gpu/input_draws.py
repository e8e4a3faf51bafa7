"""What draws the inputs of a case, and looks for changes of them, for each of its sets of distributions."""
from collections.abc import Sequence
from typing import Callable, NamedTuple

from kiln_runner.protocol import Tensor

from ..tensors import input_set_of, is_derived, is_input
from .case_needs import Gpu
from .kernels import Draw


class Inputs(NamedTuple):
    """Of one set: (number of the tensor, launch). `draws`, `verifies`: for each replica; `redraws`: for each look that was asked for, where the
    reference reads."""

    draws: list[list[tuple[int, Draw]]]
    redraws: dict[int, list[tuple[int, Draw]]]
    inouts: list[tuple[int, int, Draw]]
    verifies: list[list[tuple[int, Draw]]]


class InputPlaces(NamedTuple):
    """`given`: where sides find a tensor of a replica; `read`: where the reference finds it, of a look."""

    given: Callable[[int, str], int]
    read: Callable[[Tensor, int], int]


class InputDraws:
    """`places`: of the case. `changed_at`: the first word of findings that tells a change, one for each of `unchanging`. What is derived is not
    drawn."""

    def __init__(self, gpu: Gpu, sets: Sequence[Sequence[Tensor]], batch: int, places: InputPlaces, changed_at: int) -> None:
        self._gpu, self._sets, self._batch, self._places, self._changed_at = gpu, sets, batch, places, changed_at
        self.unchanging = [(n, t) for n, t in enumerate(sets[0]) if t["role"] == "in" and not is_derived(t)]
        self._known: dict[int, Inputs] = {}

    def of(self, seed: int) -> Inputs:
        """Hard ones are made when they are first drawn."""
        number = input_set_of(seed)
        if number not in self._known:
            self._known[number] = self._like(number)
        return self._known[number]

    def again(self, seed: int, look: int) -> list[tuple[int, Draw]]:
        """Those of a look. Made when they are first asked for: a case that is checked once needs those of one."""
        made = self.of(seed).redraws
        if look not in made:
            made[look] = [(n, self._gpu.kernels.draw(t, self._places.read(t, look))) for n, t in self._drawn(input_set_of(seed))]
        return made[look]

    def _drawn(self, number: int) -> list[tuple[int, Tensor]]:
        return [(n, t) for n, t in enumerate(self._sets[number]) if is_input(t) and not is_derived(t)]

    def _like(self, number: int) -> Inputs:
        kernels, found, given, tensors = self._gpu.kernels, self._gpu.findings, self._places.given, self._sets[number]
        draws = [[(n, kernels.draw(t, given(r, t["name"]))) for n, t in self._drawn(number)] for r in range(self._batch)]
        inouts = [(r, n, draw) for r in range(self._batch) for n, draw in draws[r] if tensors[n]["role"] == "inout"]
        looked_at = [(n, tensors[n], found.at(self._changed_at + slot)) for slot, (n, _) in enumerate(self.unchanging)]
        verifies = [[(n, kernels.draw(t, given(r, t["name"]), word)) for n, t, word in looked_at] for r in range(self._batch)]
        return Inputs(draws, {}, inouts, verifies)
