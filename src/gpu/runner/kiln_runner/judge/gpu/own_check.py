"""The problem's own check of a case: a recorded program that is handed inputs and outputs, and says of each of its rules whether it holds.

It sees its own memory alone: inputs are copied there, outputs too, from where nobody finds them, and what it says is copied away and held against
ones. Before it runs nothing holds, so that a program that says nothing finds everything wrong. Besides, numbers of outputs are finite, whatever it
says.
"""
import random
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import DefinedCase, Tensor

from ..device import LOOKS, VERIFY, Lure
from ..failures import InfraFailure, LaunchRejected
from ..outcomes import Kind, Whole, whole_of_numbers, whole_of_rules
from ..recorded import apart
from ..tensors import DTYPE_BYTES, INFINITE, LARGEST, NOT_A_NUMBER, ONES, SQUARES_INFINITE, is_output, plain_tensor, tensor_bytes
from .case_needs import Gpu
from .case_recordings import CaseRecordings
from .kernels import FindingsBlock
from .runnable import Runnable

# In memory that no side is told: what each rule says, what it has to say, and zeros for as much as the largest output.
SAYS, HOLDS, ZEROS = "rules/says", "rules/holds", "rules/zeros"
_KINDS: tuple[Kind, ...] = ("kept", "expected")


def private_sizes(tensors: Sequence[Tensor], rules: Sequence[str]) -> list[tuple[str, int]]:
    if not rules:
        return []
    largest = max((tensor_bytes(one) for one in tensors if is_output(one)), default=1)
    return [(SAYS, len(rules)), (HOLDS, len(rules)), (ZEROS, largest)]


class Places(NamedTuple):
    """Addresses. `own`: of a scratch buffer; `private`: of memory that no side is told; `given`: of a tensor that sides see; `hidden`: of an output
    that was kept, or is expected."""

    own: Callable[[str], int]
    private: Callable[[str], int]
    given: Callable[[str], int]
    hidden: Callable[[str, int, Tensor], int]


class _Words(NamedTuple):
    """Of findings: of the rules, and of each output that holds numbers with a fraction."""

    rules: int
    numbers: list[tuple[Tensor, int]]


class OwnCheck:
    """`first`: its first word of findings."""

    def __init__(self, gpu: Gpu, case: DefinedCase, places: Places, first: int) -> None:
        self._gpu, self._at, self.rules = gpu, places, list(case.get("rules", []))
        self._outputs = [tensor for tensor in case["tensors"] if is_output(tensor)] if self.rules else []
        self._inputs = [tensor for tensor in case["tensors"] if not is_output(tensor)]
        self._program: Optional[Runnable] = None
        # What was bound as the reference: it is no side that is checked by what it returns again.
        self._reference: Optional[Runnable] = None
        self._words: dict[tuple[Kind, int], _Words] = {}
        self.words = 0
        looks: list[tuple[Kind, int]] = [(kind, look) for kind in _KINDS for look in range(LOOKS)] if self.rules else []
        for kind, look in looks:
            at = [first + self.words + FindingsBlock.COMPARISON_WORDS * number for number in range(1 + len(self._fractions))]
            self._words[kind, look] = _Words(at[0], list(zip(self._fractions, at[1:])))
            self.words += FindingsBlock.COMPARISON_WORDS * len(at)

    @property
    def _fractions(self) -> list[Tensor]:
        return [tensor for tensor in self._outputs if tensor["dtype"] in NOT_A_NUMBER]

    def bind(self, side: str, runnable: Runnable) -> None:
        if side == VERIFY:
            self._program = runnable
        elif side == "reference":
            self._reference = runnable

    def repeats(self, side: Runnable) -> bool:
        """Whether what is expected of a side is what it returns again, rather than what the reference does."""
        return bool(self.rules) and side is not self._reference

    def look_at(self, kind: Kind, look: int, recordings: CaseRecordings, launch: Callable[[Runnable], None]) -> None:
        """Of the inputs that are in place."""
        if not self.rules:
            return
        words, driver = self._words[kind, look], self._gpu.driver
        for tensor, word in words.numbers:
            driver.fill(self._at.private(ZEROS), 0, tensor_bytes(tensor))
            # Each difference from 0 is the number itself.
            self._compare(tensor, self._at.private(ZEROS), self._at.hidden(kind, look, tensor), word)
        self._run(self._program, kind, look, recordings, launch)
        count = len(self.rules)
        driver.upload(self._at.private(HOLDS), b"\1" * count)
        self._compare(plain_tensor("u8", count), self._at.private(SAYS), self._at.private(HOLDS), words.rules)

    def _run(
        self, program: Optional[Runnable], kind: Kind, look: int, recordings: CaseRecordings, launch: Callable[[Runnable], None]
    ) -> None:
        if program is None:
            raise InfraFailure("internal", "outputs are checked before the program that checks them is bound")
        driver = self._gpu.driver
        recordings.show_alone(VERIFY)
        for tensor in self._inputs:
            driver.copy(self._own(tensor["name"]), self._at.given(tensor["name"]), tensor_bytes(tensor))
        for tensor in self._outputs:
            driver.copy(self._own(tensor["name"]), self._at.hidden(kind, look, tensor), tensor_bytes(tensor))
        for rule in self.rules:
            driver.fill(self._own(rule), 0, 1)
        driver.fill(self._at.private(SAYS), 0, len(self.rules))
        try:
            launch(program)
        except LaunchRejected as error:
            raise InfraFailure("reference_failed", f"the program that checks the outputs: {error.field}: {error}") from error
        for number, rule in enumerate(self.rules):
            driver.copy(self._at.private(SAYS) + number, self._own(rule), 1)

    def _own(self, name: str) -> int:
        return self._at.own(f"{VERIFY}.{apart(name)}")

    def _compare(self, tensor: Tensor, out: int, reference: int, word: int) -> None:
        self._gpu.kernels.compare(tensor, out, reference, self._gpu.findings.at(word))(0.0, 0.0)

    def found(self, found: FindingsBlock) -> list[Whole]:
        """What is wrong with outputs as a whole."""
        wrong: list[Whole] = []
        for (kind, look), words in self._words.items():
            numbers = [whole_of_numbers(kind, look, tensor, found.comparison(word)) for tensor, word in words.numbers]
            rules = whole_of_rules(kind, look, self.rules, found.comparison(words.rules))
            wrong += [one for one in (*numbers, rules) if one]
        return wrong

    def lures(self, look: int, rng: random.Random) -> list[Lure]:
        """Wrong outputs for sides' first replica. The reference's of the inputs that are in place are expected for `look`."""
        copies = [Lure("a copy of an input passes", self._copy_inputs)] if self._sources else []
        # By such a bound of a check overflows, and what overflowed as well is not above it.
        large = {tensor["dtype"]: SQUARES_INFINITE.get(tensor["dtype"], LARGEST[tensor["dtype"]]) for tensor in self._outputs}
        filled = [("a constant passes", ONES), ("numbers pass whose squares are infinite", large), ("the largest numbers pass", LARGEST)]
        lures = [*(Lure(complaint, partial(self._fill, words)) for complaint, words in filled), *copies]
        return [*lures, *(lure for one in self._outputs for lure in self._spoilt(look, one, rng))]

    def _spoilt(self, look: int, tensor: Tensor, rng: random.Random) -> list[Lure]:
        """The reference's own, with one output that is not looked at, or that holds what is no number."""
        place, size = self._at.given(tensor["name"]), DTYPE_BYTES[tensor["dtype"]]
        words, at = "the reference's own outputs pass with", place + size * rng.randrange(tensor["elements"])
        driver = self._gpu.driver

        def spoil(change: Callable[[], object]) -> Callable[[], None]:
            return lambda: self._place_expected(look, change)

        zeros = Lure(f"{words} zeros as {tensor['name']}", spoil(lambda: driver.fill(place, 0, tensor_bytes(tensor))))
        bits = [(name, known[tensor["dtype"]]) for name, known in (("NaN", NOT_A_NUMBER), ("an infinity", INFINITE)) if tensor["dtype"] in known]
        return [zeros, *(Lure(f"{words} {name} in {tensor['name']}", spoil(lambda one=one: driver.upload(at, one))) for name, one in bits)]

    def _place_expected(self, look: int, change: Callable[[], object]) -> None:
        for tensor in self._outputs:
            self._gpu.driver.copy(self._at.given(tensor["name"]), self._at.hidden("expected", look, tensor), tensor_bytes(tensor))
        change()

    def _fill(self, words: Mapping[str, int]) -> None:
        """`words`: 32 bits, by type."""
        for tensor in self._outputs:
            self._gpu.driver.fill(self._at.given(tensor["name"]), words[tensor["dtype"]], tensor_bytes(tensor))

    @property
    def _sources(self) -> list[Tensor]:
        """Inputs that are as large as each output; empty where one has none."""
        found = [next((one for one in self._inputs if tensor_bytes(one) >= tensor_bytes(tensor)), None) for tensor in self._outputs]
        return [one for one in found if one is not None] if all(found) else []

    def _copy_inputs(self) -> None:
        for tensor, source in zip(self._outputs, self._sources):
            self._gpu.driver.copy(self._at.given(tensor["name"]), self._at.given(source["name"]), tensor_bytes(tensor))
