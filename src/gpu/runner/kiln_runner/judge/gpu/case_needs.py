"""What a case needs of the device that it is on."""
import random
from collections.abc import Mapping, Sequence
from ctypes import c_void_p
from typing import Any, Callable, Protocol

from ..schedule import TimedRun
from .driver import Driver
from .kernels import FindingsBlock, HelperKernels
from .memory import Memory
from .runnable import Runnable
from .sampling import Tools
from .windows import Windows


class CaseTimer(Protocol):
    @property
    def poison_bytes_max(self) -> int: ...

    def gaps(self) -> Sequence[float]: ...

    @property
    def around(self) -> tuple[c_void_p, c_void_p]: ...

    def run(
        self, case: Any, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random, meanwhile: Callable[[], None]
    ) -> list[float]: ...


class Gpu(Protocol):
    """What a case needs of its device."""

    @property
    def driver(self) -> Driver: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def kernels(self) -> HelperKernels: ...

    @property
    def findings(self) -> FindingsBlock: ...

    @property
    def sampling(self) -> Tools: ...

    @property
    def timer(self) -> CaseTimer: ...

    @property
    def windows(self) -> Windows: ...
