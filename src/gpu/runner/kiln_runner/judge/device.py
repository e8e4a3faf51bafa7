"""What the protocol of checking.py and measuring.py needs of a device. Two implementations: gpu/device.py and cpu/device.py.

A `Case` is one case of a problem with its buffers in place: inputs and outputs (as many replicas of them as executions are timed
together), scratch of each side, guards around each of these; and, out of every side's reach, the reference's outputs and the
snapshot. Operations may be queued; `findings` and `run_timed` wait. Where code of a side breaks the device, any of them raises
DeviceFault.
"""
import random
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Tuple

from .artifacts import Artifact
from .outcomes import Comparison, Findings, SampleFault
from .sampling import Sample
from .schedule import TimedRun

# Who may run code on a case. The reference writes to its own outputs; the others to the candidate's.
# Snapshots that can be compared before the findings are fetched: a kept run's, and the last run's (or a check's).
LOOKS = 2
KEPT, LAST = 0, 1
SIDES = ("reference", "baseline", "candidate", "record")


class Runnable(Protocol):
    """A program with one case's plan, bound to the buffers of that case."""


class Program(Protocol):
    def close(self) -> None: ...


class Case(Protocol):
    name: str
    batch: int
    # Of the inputs that are in place: it says of which set they are too (tensors.input_sets).
    seed: int
    # Of its sets of hard inputs.
    hard_names: List[str]
    # Runs right behind a draw of the inputs differ from others by up to this share in honest code.
    draw_bias: float
    # The problem's own sides, bound once.
    bound: Dict[str, Tuple["Program", Runnable]]

    def bind(self, side: str, program: Program, plan: dict) -> Runnable:
        """LaunchRejected when a launch of the plan cannot be made."""

    def arm(self, rng: random.Random) -> None:
        """Writes new guard patterns."""

    def draw(self, seed: int) -> object:
        """Fresh inputs in every replica."""

    def poison(self, rng: random.Random) -> None:
        """Outputs and scratch: NaN where the type has it."""

    def blank(self) -> None:
        """Outputs of replica 0: zeros."""

    def execute(self, runnable: Runnable) -> None:
        """Once, on replica 0."""

    def inspect(self, seed: int) -> None:
        """Looks for damaged guards, and for inputs that are not those of `seed` any more."""

    def snapshot(self, replica: int, look: int) -> None:
        """Copies that replica's outputs out of reach. A case has LOOKS places for a snapshot and its expected outputs."""

    def expect(self, reference: Runnable, seed: int, at: Tuple[int, int]) -> None:
        """Runs the reference on the inputs that a replica had under `seed`; `at`: (replica, look)."""

    def compare(self, tolerance: dict, look: int) -> None:
        """The snapshot with the reference's outputs."""

    def announce(self, samples: Sequence[Sample]) -> None:
        """Those of the section's samples that will be compared."""

    def compare_samples(self, tolerance: dict, samples: Tuple[int, int], at: Tuple[int, int]) -> None:
        """`samples`: (first, count) of those announced, all taken on the inputs that the reference ran on last; `at`: (replica, look) of it. The
        look LAST has been compared or weighed: its norms tell those of the others."""

    def weigh(self, look: int) -> None:
        """The norms of the reference's outputs."""

    def findings(self) -> Findings:
        """What inspect, compare and compare_samples found since the last call."""

    def values(self, comparison: Comparison) -> Tuple[str, str]:
        """(expected, actual) at the comparison's index."""

    def sampled_values(self, fault: SampleFault, look: int) -> Tuple[str, str]:
        """(expected, actual) at the fault's element; `look` has the reference's outputs for it."""

    def wipe(self, looks: Sequence[int]) -> None:
        """Destroys the reference's outputs."""

    def run_timed(self, runs: Sequence[TimedRun], runnables: Mapping[str, Runnable], rng: random.Random) -> List[float]:
        """Nanoseconds of one execution in each run: outputs poisoned and caches flushed before each, samples taken after each that has one."""

    def gaps(self) -> Sequence[float]:
        """Of each of these runs: nanoseconds that a timer which no side can set has beyond the whole run's; NaN where it was not read. Empty where
        the device has no such timer."""


class Part(NamedTuple):
    """A case as open_case takes it."""

    case: dict
    batch: int
    scratch: Dict[str, Dict[str, int]]


class Device(Protocol):
    def describe(self) -> dict:
        """A Device of the protocol."""

    def prove(self) -> None:
        """Once, before anything else, in well under a millisecond: the canary, and what costs more the first time than ever after."""

    def measure_copy(self) -> None:
        """How fast memory is copied, for `describe`: tens of milliseconds that must not fall into a neighbour's timed section."""

    def canary(self) -> None:
        """Raises when the device does not compute, or the helper kernels cannot tell right from wrong."""

    def unavailable(self) -> Optional[str]:
        """Why the device should take no work now (somebody else computes on it), or None."""

    def load(self, side: str, artifact: Artifact) -> Program: ...

    def load_ahead(self, side: str, artifact: Artifact, kernels: Sequence[str]) -> Optional[Program]:
        """As `load`, with its kernels looked up, without running anything of it; None where loading runs code. InfraFailure, DeviceFault."""

    def is_busy(self) -> bool:
        """True while something that was queued has not ended. Never raises: what failed shows where it is waited for."""

    def leftover(self, programs: Iterable[Program]) -> Optional[str]:
        """What these leave behind, once they ran, that `cleanse` cannot take away; None where that is nothing."""

    def constants(self, programs: Iterable[Program]) -> bytes:
        """What these only read and a candidate could write, as it is now."""

    def cleanse(self) -> None:
        """Between two candidates, when the first one's code is unloaded."""

    def open_case(self, problem: dict, case: dict, batch: int, scratch: Dict[str, Dict[str, int]]) -> Case:
        """`scratch`: side -> name -> bytes. Cases share memory: another one's contents are gone once this one is armed and drawn."""

    def open_once(self, case: dict, scratch: Dict[str, Dict[str, int]]) -> Case:
        """As `open_case`, of a case that comes once: whoever opened it closes it, unless the device was lost."""

    def reserve(self, parts: Sequence[Part]) -> bool:
        """Gets the memory for these ahead of time; False where whoever works on the device may come to need it."""

    def replicas_max(self, case: dict) -> int:
        """How many replicas of the case's tensors fit."""

    def telemetry(self) -> dict: ...
