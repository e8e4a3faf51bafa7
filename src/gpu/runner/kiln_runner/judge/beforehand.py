"""What a judgement does beforehand, while the device works on something else: it prepares the case that comes next, and plans its first chunk.

Nothing of it runs code of any side, and nothing that is drawn here is known to any side before it is used: it stays with the judge, as what is drawn
for a chunk does while that runs. Modes of a case: not prepared -> prepared (new guards, new inputs, outputs poisoned) -> taken, for a check or to be
timed, as it was prepared for; of a plan: none -> planned -> taken, or put back where another section came. Invariant: a seed is used once.
"""
import random
from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import TimingRules

from .checking import prepare
from .device import Case
from .hard_inputs import Deck
from .measuring import Drawn, FirstChunk
from .tensors import SEED_BITS, seed_for

# Who has a few runs alone among those of a candidate that is timed by itself.
CONTROL = "baseline"


class Sources(NamedTuple):
    """`secret`: the system's generator. `fast`: seeded by it. `decks`: of each case."""

    secret: random.Random
    fast: random.Random
    decks: Mapping[str, Deck]


class Beforehand:
    def __init__(self, sources: Sources, rules: TimingRules) -> None:
        self._sources, self._rules = sources, rules
        self._is_strict = rules.get("inputs") == "fresh"
        self._prepared: Optional[tuple[Case, bool]] = None
        self._first: Optional[FirstChunk] = None

    def prepare(self, case: Case, *, is_check: bool) -> None:
        """Unless that was done. Timed shapes are checked on hard inputs (`is_check`): plain ones are checked in what is timed."""
        ahead, self._prepared = self._prepared, None
        if ahead is None or ahead[0] is not case or ahead[1] != is_check:
            prepare(case, self._sources.secret, self._seed(case, is_check))

    def prepare_ahead(self, case: Case, *, is_check: bool) -> None:
        self.prepare(case, is_check=is_check)
        self._prepared = (case, is_check)

    def _seed(self, case: Case, is_check: bool) -> int:
        """Of inputs that nobody had: those that its first chunk was planned for, where there is such a plan."""
        planned = self._first.take_seed(case) if self._first and not is_check else None
        if planned is not None:
            return planned
        return seed_for(self._sources.secret.getrandbits(SEED_BITS), self._sources.decks[case.name].deal() if is_check else 0)

    def plan_ahead(self, case: Case, sides: Sequence[str]) -> None:
        """The first chunk of a case that is not prepared yet, once."""
        if self._first is None:
            self._plan(case, sides, self._sources.secret.getrandbits(SEED_BITS), self._is_strict)

    def planning(self, case: Case, sides: Sequence[str], *, is_strict: bool) -> Callable[[], None]:
        """While a side of the case warms up: as `plan_ahead`, of a case that is prepared, if it is not planned like that."""

        def plan() -> None:
            if self._first is None or not self._first.is_about(case, sides, is_strict):
                self._plan(case, sides, case.seed, is_strict)

        return plan

    def take_first(self) -> Optional[FirstChunk]:
        first, self._first = self._first, None
        return first

    def _plan(self, case: Case, sides: Sequence[str], seed: int, is_strict: bool) -> None:
        if self._first is not None:
            self._first.put_back()
        drawn = Drawn(self._rules, self._sources.fast, self._sources.decks[case.name])
        self._first = FirstChunk(case, sides, drawn, seed, is_strict, CONTROL if len(sides) == 1 else None)
