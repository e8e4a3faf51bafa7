"""Outputs of a case that were kept, compared with what is expected of them: the launches for each look, and the words that tell what they found."""
from collections.abc import Sequence
from typing import Callable, NamedTuple

from kiln_runner.protocol import Tensor, Tolerance

from ..device import LAST, LOOKS
from ..lookups import NO_LOOKUP, Lookup, looked_up_in, lookup_in, seen_bytes
from ..outcomes import Comparison
from ..tensors import is_output, tolerance_of
from .case_needs import Gpu
from .kernels import FindingsBlock


class ComparedPlaces(NamedTuple):
    """Addresses. `private`: of memory that no side is told; `hidden`: of an output that was kept, or is expected, for a look; `read`: where the
    reference finds an input, of a look."""

    private: Callable[[str], int]
    hidden: Callable[[str, int, Tensor], int]
    read: Callable[[Tensor, int], int]


class OutputComparisons:
    """`first`: its first word of findings."""

    def __init__(self, gpu: Gpu, tensors: Sequence[Tensor], places: ComparedPlaces, first: int) -> None:
        self._gpu, self._tensors, self._places = gpu, list(tensors), places
        looks = [(look, tensor) for look in range(LOOKS) for tensor in tensors if is_output(tensor)]
        self._looks = [(look, tensor, first + FindingsBlock.COMPARISON_WORDS * n) for n, (look, tensor) in enumerate(looks)]
        self.words = FindingsBlock.COMPARISON_WORDS * len(looks)
        # By look, made ready when it is first asked for.
        self._compares: dict[int, list[tuple[Tensor, Callable[[float, float], None]]]] = {}

    def compare(self, tolerance: Tolerance, look: int) -> None:
        if look not in self._compares:
            self._compares[look] = [(t, self._comparing(look, t, self._gpu.findings.at(word))) for of, t, word in self._looks if of == look]
        for tensor, compare in self._compares[look]:
            own = tolerance_of(tensor, tolerance)
            compare(own["rtol"], own["atol"])

    def _comparing(self, look: int, tensor: Tensor, found: int) -> Callable[[float, float], None]:
        hidden = self._places.hidden
        kept, expected, of = hidden("kept", look, tensor), hidden("expected", look, tensor), looked_up_in(tensor, self._tensors)
        if of is None:
            return self._gpu.kernels.compare(tensor, kept, expected, found)
        size = seen_bytes(tensor, of)
        lookup = self.lookup(tensor, look, self._places.private(f"seen/{tensor['name']}") if size else 0)
        return self._gpu.kernels.compare_indices(tensor, (kept, expected, found), lookup, size)

    def lookup(self, tensor: Tensor, look: int, seen: int = 0) -> Lookup:
        """In what the reference was given for that look."""
        of = looked_up_in(tensor, self._tensors)
        return lookup_in(of, tensor, self._places.read(of, look), seen) if of else NO_LOOKUP

    def weigh(self, look: int) -> None:
        for of, tensor, word in self._looks:
            if of == look:
                expected = self._places.hidden("expected", look, tensor)
                self._gpu.kernels.compare(tensor, expected, expected, self._gpu.findings.at(word))(0.0, 0.0)

    def norm_at(self, tensor: Tensor) -> int:
        """The address of the norm of what was expected last."""
        word = next(word for of, one, word in self._looks if of == LAST and one is tensor)
        return self._gpu.findings.at(word + FindingsBlock.NORM_WORD)

    def found(self, found: FindingsBlock) -> list[Comparison]:
        return [Comparison(tensor, look, found.comparison(word)) for look, tensor, word in self._looks]
