"""Inputs of a case that the problem's own program computes: what it computes them from is drawn where no side looks, the program is replayed on that
alone, and what it made is copied to where sides read it. It also stays where it was made, out of reach: by it a change of inputs is found.
"""
from collections.abc import Sequence
from typing import Callable, Optional

from kiln_runner.protocol import Tensor

from ..device import INPUTS
from ..failures import InfraFailure, LaunchRejected
from ..recorded import apart
from ..tensors import input_set_of, is_derived, keys_of, tensor_bytes
from .case_needs import Gpu
from .case_recordings import CaseRecordings
from .kernels import Draw, FindingsBlock
from .runnable import Runnable

# The bytes of what is compared as whole numbers of each width.
_WIDTHS = ((8, "i64"), (4, "i32"), (1, "u8"))
# What is left of raw tensors: NaN in every float type.
_WIPED = 0xFFFFFFFF


class DerivedInputs:
    """`sets`: the case's tensors and behind them the raw ones, for each set of inputs; the case's are `count`. `at`: where a scratch buffer lies,
    `given`: where sides find a tensor."""

    def __init__(
        self, gpu: Gpu, sets: Sequence[Sequence[Tensor]], count: int, at: Callable[[str], int], given: Callable[[str], int],
    ) -> None:
        self._gpu, self._sets, self._count, self._at, self._given = gpu, sets, count, at, given
        self.tensors = [tensor for tensor in sets[0][:count] if is_derived(tensor)]
        self._draws: dict[int, list[tuple[int, Draw]]] = {}
        # By the word of the first comparison.
        self._verifies: dict[int, list[Callable[[], None]]] = {}
        self._program: Optional[Runnable] = None

    @property
    def words(self) -> int:
        """Of findings: a comparison for each."""
        return FindingsBlock.COMPARISON_WORDS * len(self.tensors)

    def bind(self, program: Runnable) -> None:
        self._program = program

    def derive(self, seed: int, recordings: CaseRecordings, launch: Callable[[Runnable], None]) -> int:
        """Into the sides' first replica; how many kernels and copies it took. Afterwards the program's memory alone is shown."""
        if not self.tensors:
            return 0
        program, driver, raw = self._program, self._gpu.driver, self._sets[0][self._count :]
        if program is None:
            raise InfraFailure("internal", "inputs are drawn before the program that derives them is bound")
        recordings.show_alone(INPUTS)
        for number, draw in self._draws_of(seed):
            draw(*keys_of(seed, 0, number))
        try:
            launch(program)
        except LaunchRejected as error:
            raise InfraFailure("reference_failed", f"the program that derives the inputs: {error.field}: {error}") from error
        for tensor in self.tensors:
            driver.copy(self._given(tensor["name"]), self._made_at(tensor), tensor_bytes(tensor))
        wiping = sum(driver.fill(self._made_at(tensor), _WIPED, tensor_bytes(tensor)) for tensor in raw)
        # A copy on the device is work of it like a kernel.
        return len(raw) + len(program.launches[0]) + len(self.tensors) + wiping

    def verify(self, first: int) -> None:
        """Looks for changes of what sides were given. `first`: the word of the first comparison."""
        if first not in self._verifies:
            at = [self._gpu.findings.at(first + FindingsBlock.COMPARISON_WORDS * number) for number in range(len(self.tensors))]
            self._verifies[first] = [self._verifying(tensor, found) for tensor, found in zip(self.tensors, at)]
        for verify in self._verifies[first]:
            verify()

    def modified(self, found: FindingsBlock, first: int) -> Optional[str]:
        changed = (tensor["name"] for number, tensor in enumerate(self.tensors) if found.word(first + FindingsBlock.COMPARISON_WORDS * number))
        return next(changed, None)

    def _verifying(self, tensor: Tensor, found: int) -> Callable[[], None]:
        size = tensor_bytes(tensor)
        width, dtype = next((width, dtype) for width, dtype in _WIDTHS if size % width == 0)
        whole: Tensor = {**tensor, "dtype": dtype, "elements": size // width}
        compare = self._gpu.kernels.compare(whole, self._given(tensor["name"]), self._made_at(tensor), found)
        return lambda: compare(0.0, 0.0)

    def _draws_of(self, seed: int) -> list[tuple[int, Draw]]:
        number = input_set_of(seed)
        if number not in self._draws:
            raw = enumerate(self._sets[number][self._count :], self._count)
            self._draws[number] = [(n, self._gpu.kernels.draw(tensor, self._made_at(tensor))) for n, tensor in raw]
        return self._draws[number]

    def _made_at(self, tensor: Tensor) -> int:
        return self._at(f"{INPUTS}.{apart(tensor['name'])}")
