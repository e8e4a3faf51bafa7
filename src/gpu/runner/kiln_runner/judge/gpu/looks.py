"""Two looks at what a program that answers has: at its outputs, behind its word that it is done, and at the judge's copy of them. Where they differ,
it was still writing. And at its inputs, and what the judge gave it: where these differ, it changed them.

Sums of both are on the device until somebody asks; in memory that no other process has.
"""
import ctypes
import random
from collections.abc import Sequence
from ctypes import c_uint64
from typing import Callable, NamedTuple

from .driver import Driver
from .kernels import HelperKernels
from .launching import LaunchShape, PreparedLaunch, address
from .memory import Memory

# Of native/gpu_answers.cu.
OUTPUTS_EACH, LOOKS_EACH, THREADS = 8, 4096, 256
LOOKS_KEPT_MAX, GLANCE_BYTES = 16384, 4096
_WORDS_PER_LOOK = 2


class Output(NamedTuple):
    """Addresses of the judge's: in memory that the program's process has too, and of the copy."""

    theirs: int
    copied: int
    bytes: int


class Outputs(ctypes.Structure):
    """As native/gpu_answers.cu has it."""

    _fields_ = [("at", c_uint64 * OUTPUTS_EACH), ("bytes", c_uint64 * OUTPUTS_EACH)]


class _Look(NamedTuple):
    """A launch, its first value, and what sets the others: it is launched within what is timed."""

    launch: PreparedLaunch
    outputs: Outputs
    say: Callable[[int, int], None]


class Looks:
    def __init__(self, driver: Driver, memory: Memory, kernels: HelperKernels) -> None:
        self._driver, self._kernels = driver, kernels
        self._bytes = 8 * _WORDS_PER_LOOK * LOOKS_KEPT_MAX
        self._sums, self._host = memory.allocate(self._bytes), driver.host_buffer(self._bytes)
        self._words = (c_uint64 * (_WORDS_PER_LOOK * LOOKS_KEPT_MAX)).from_address(self._host)
        # Nobody who could write at them may know what is looked at.
        self._rng, self._key = random.SystemRandom(), 0
        # Of each two looks whose sums are there: whose they are.
        self._owners: list[object] = []
        # By how many outputs each takes.
        self._launches: dict[int, _Look] = {}
        self._differed: list[object] = []
        # Page-locked host memory, for looks of which nobody reads what was seen.
        self.glance = driver.host_buffer(GLANCE_BYTES)
        driver.fill(self._sums, 0, self._bytes)

    def first(self, outputs: Sequence[Output]) -> int:
        """Queued behind the word that they are done; the driver's code."""
        self._key = self._rng.getrandbits(63)
        return self._look([(output.theirs, output.bytes) for output in outputs], 0)

    def second(self, outputs: Sequence[Output], owner: object) -> None:
        """At the copies of those that were looked at last. `owner`: who is told of (`differed`)."""
        self._close([(output.copied, output.bytes) for output in outputs], owner)

    def alike(self, these: int, those: int, size: int, owner: object) -> None:
        """At bytes that should be the same, behind a run."""
        self._driver.check(self.first([Output(these, those, size)]), "kiln_look")
        self._close([(those, size)], owner)

    def _close(self, places: "list[tuple[int, int]]", owner: object) -> None:
        self._driver.check(self._look(places, 1), "kiln_look")
        self._owners.append(owner)
        if len(self._owners) == LOOKS_KEPT_MAX:
            self._fetch()

    def differed(self) -> list[object]:
        """The owners of those that did since this was asked last. Waits."""
        self._fetch()
        differed, self._differed = self._differed, []
        return differed

    def _fetch(self) -> None:
        if not self._owners:
            return
        owners, self._owners = self._owners, []
        self._driver.fetch(self._host, self._sums, self._bytes)
        self._driver.synchronize()
        words = self._words[: _WORDS_PER_LOOK * len(owners)]
        self._differed += [owner for owner, first, second in zip(owners, words[::2], words[1::2]) if first != second]
        self._driver.fill(self._sums, 0, self._bytes)

    def _look(self, places: "list[tuple[int, int]]", which: int) -> int:
        code = 0
        for first in range(0, len(places), OUTPUTS_EACH):
            code = code or self._launch(places[first : first + OUTPUTS_EACH], self._key + first, 8 * (_WORDS_PER_LOOK * len(self._owners) + which))
        return code

    def _launch(self, places: "list[tuple[int, int]]", key: int, word: int) -> int:
        launch, outputs, say = self._launches.get(len(places)) or self._prepare(len(places))
        for number, (at, size) in enumerate(places):
            outputs.at[number], outputs.bytes[number] = at, size
        say(key, self._sums + word)
        return launch()

    def _prepare(self, count: int) -> _Look:
        shape = LaunchShape([LOOKS_EACH // THREADS, count], [THREADS])
        values = [Outputs(), c_uint64(0), address(0)]
        launch = PreparedLaunch(self._driver, self._kernels.function("kiln_look"), shape, values)
        look = self._launches[count] = _Look(launch, launch.value(0), launch.words(1, 2))
        return look
