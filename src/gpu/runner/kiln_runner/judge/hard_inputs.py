"""Which of a case's hard inputs come when. Pure.

A timed shape is checked on hard inputs, and some of its runs meet hard ones too, at drawn places among runs on plain ones: whoever handles them
in check cases alone is wrong there. What takes other time on hard inputs (less power for zeros, other branches) must not move a median, so such
a run does not count, and the one behind it, on the plain inputs of before, does not either.
"""
import random

# A section has at least one such run, and one for so many of the candidate's.
RUNS_PER_HARD = 32


class Deck:
    """Deals the numbers of a case's sets of hard inputs (tensors.input_sets): each once before any comes again."""

    def __init__(self, count: int, rng: random.Random) -> None:
        self._count, self._rng = count, rng
        self._left: list[int] = []

    def __len__(self) -> int:
        return self._count

    @property
    def state(self) -> list[int]:
        """Those that are left of the round. Set back to what it was, what was dealt since was not."""
        return list(self._left)

    @state.setter
    def state(self, left: list[int]) -> None:
        self._left = list(left)

    def deal(self) -> int:
        """0, the plain inputs, where there are no others."""
        if not self._left:
            self._left = self._rng.sample(range(1, 1 + self._count), self._count)
        return self._left.pop() if self._left else 0


NO_HARD_INPUTS = Deck(0, random.Random(0))


def hard_runs(own: int, is_first: bool, confirms: bool, deck: Deck, rng: random.Random) -> int:
    """How many runs on hard inputs go among `own` of the candidate's. A confirmation meets every kind of hard inputs in its first chunk."""
    if not len(deck):
        return 0
    least = (len(deck) if confirms else 1) if is_first else 0
    return max(least, int(own / RUNS_PER_HARD + rng.random()))
