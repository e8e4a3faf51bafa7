"""Open cases of a device, kept between candidates: their helper launches are made ready once."""
from collections import OrderedDict
from typing import Callable, Generic, Protocol, TypeVar

from kiln_runner.protocol import DefinedCase, ProblemDefinition

from .layout import Scratch

CASES_MAX = 128

class Closable(Protocol):
    def close(self) -> None: ...


CaseType = TypeVar("CaseType", bound=Closable)
# Problem, case, replicas, sizes of scratch buffers.
Key = tuple[str, str, int, tuple[tuple[str, tuple[tuple[str, int], ...]], ...]]


class CaseCache(Generic[CaseType]):
    """`generation` changes when the device's memory moved: cases of an older one are closed."""

    def __init__(self) -> None:
        # The generation behind the key.
        self._cases: OrderedDict[tuple[Key, int], CaseType] = OrderedDict()

    def get(self, key: Key, make: Callable[[], CaseType], generation: Callable[[], int]) -> CaseType:
        if (key, generation()) not in self._cases:
            made = make()
            # Making it may have moved the memory.
            self._cases[(key, generation())] = made
            self._drop(generation())
        self._cases.move_to_end((key, generation()))
        return self._cases[(key, generation())]

    def has(self, key: Key, generation: int) -> bool:
        return (key, generation) in self._cases

    def shrink(self, weigh: Callable[[CaseType], int], most: int) -> None:
        """Closes those not used for longest until all together weigh no more than that."""
        while self._cases and self.weight(weigh) > most:
            self._cases.popitem(last=False)[1].close()

    def weight(self, weigh: Callable[[CaseType], int]) -> int:
        return sum(map(weigh, self._cases.values()))

    def clear(self) -> None:
        self.shrink(lambda _: 1, 0)

    def _drop(self, generation: int) -> None:
        for key in [key for key in self._cases if key[1] != generation]:
            self._cases.pop(key).close()
        while len(self._cases) > CASES_MAX:
            self._cases.popitem(last=False)[1].close()


def case_key(problem: ProblemDefinition, case: DefinedCase, batch: int, scratch: Scratch) -> Key:
    sizes = tuple(sorted((side, tuple(sorted(names.items()))) for side, names in scratch.items() if names))
    return (problem["key"], case["name"], batch, sizes)
