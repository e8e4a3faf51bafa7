"""What the protocol of checking.py and measuring.py needs of a device. Two implementations: gpu/device.py and cpu/device.py.

A `Case` is one case of a problem with its buffers in place: inputs and outputs (as many replicas of them as executions are timed
together), scratch of each side, guards around each of these; and, out of every side's reach, the reference's outputs and the
snapshot. Operations may be queued; `findings` and `run_timed` wait. Where code of a side breaks the device, any of them raises
DeviceFault.
"""
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional, Protocol, TypeVar

from kiln_runner import protocol
from kiln_runner.protocol import DefinedCase, Plan, ProblemDefinition, Telemetry, Tolerance

from .artifacts import Artifact
from .layout import Scratch
from .outcomes import Comparison, Findings, SampleFault
from .sampling import Sample
from .schedule import TimedRun

# Snapshots that can be compared before the findings are fetched: a kept run's, and the last run's (or a check's).
LOOKS = 2
KEPT, LAST = 0, 1
# The problem's own programs that derive inputs and check outputs, where it has such.
INPUTS, VERIFY = "inputs", "verify"
# Who may run code on a case. The reference, what derives inputs and what checks outputs write to memory of their own; the others to the candidate's.
SIDES = ("reference", "baseline", INPUTS, VERIFY, "candidate", "record")
# The problem's own, which every problem has.
OWN_SIDES = ("reference", "baseline")


def nothing() -> None:
    """Where there is nothing to do meanwhile."""


class Lure(NamedTuple):
    """Outputs that a check must find wrong. `complaint`: where it does not. `place`: puts them where sides' first replica has its outputs."""

    complaint: str
    place: Callable[[], None]


class Runnable(Protocol):
    """A program with one case's plan, bound to the buffers of that case."""


class Program(Protocol):
    def close(self) -> None: ...


# Of one device. Its cases take its own programs alone.
P = TypeVar("P", bound=Program)
R = TypeVar("R", bound=Runnable)


class CaseOf(Protocol[P, R]):
    name: str
    batch: int
    # Of the inputs that are in place: it says of which set they are too (tensors.input_sets).
    seed: int
    # Of its sets of hard inputs.
    hard_names: list[str]
    # Runs right behind a draw of the inputs differ from others by up to this share in honest code.
    draw_bias: float
    # A first launch takes up to so many times what others of the same code do.
    cold_factor: float
    # The problem's own sides, bound once.
    bound: dict[str, tuple[P, R]]

    def bind(self, side: str, program: P, plan: Plan) -> R:
        """LaunchRejected when a launch of the plan cannot be made."""
        ...

    def close(self) -> None:
        """Its memory is free for others."""
        ...

    def arm(self, rng: random.Random) -> None:
        """Writes new guard patterns."""
        ...

    def draw(self, seed: int) -> object:
        """Fresh inputs in every replica."""
        ...

    def poison(self, rng: random.Random) -> None:
        """Outputs and scratch: NaN where the type has it."""
        ...

    def blank(self) -> None:
        """Outputs of replica 0: zeros."""
        ...

    def execute(self, runnable: R) -> None:
        """Once, on replica 0."""
        ...

    def executed_ns(self) -> float:
        """What the last `execute` took, once its findings were told: a launch on whatever the caches hold, which the host may have been late for."""
        ...

    def inspect(self, seed: int) -> None:
        """Looks for damaged guards, and for inputs that are not those of `seed` any more."""
        ...

    def snapshot(self, replica: int, look: int) -> None:
        """Copies that replica's outputs out of reach. A case has LOOKS places for a snapshot and its expected outputs."""
        ...

    def expect(self, reference: R, seed: int, at: tuple[int, int]) -> None:
        """Runs the reference on the inputs that a replica had under `seed`; `at`: (replica, look). Where the problem has a check of its own, it looks
        at what comes of that; in place of the reference a side may be given: what is expected of it is what it returns again."""
        ...

    def compare(self, tolerance: Tolerance, look: int) -> None:
        """The snapshot with what is expected; the problem's own check looks at it too, on the inputs that are in place."""
        ...

    def lures(self, look: int, rng: random.Random) -> list[Lure]:
        """Of a problem with a check of its own, beside zeros and outputs of other inputs. The reference's of the inputs in place are expected for
        `look`."""
        ...

    def announce(self, samples: Sequence[Sample]) -> None:
        """Those of the section's samples that will be compared."""
        ...

    def compare_samples(self, tolerance: Tolerance, samples: tuple[int, int], at: tuple[int, int]) -> None:
        """`samples`: (first, count) of those announced, all taken on the inputs that the reference ran on last; `at`: (replica, look) of it. The
        look LAST has been compared or weighed: its norms tell those of the others."""
        ...

    def weigh(self, look: int) -> None:
        """The norms of the reference's outputs."""
        ...

    def ask_findings(self) -> None:
        """Behind all that `findings` is to tell of: what is queued after it is not waited for."""
        ...

    def findings(self) -> Findings:
        """What inspect, compare and compare_samples found since the last call, up to ask_findings where that was called."""
        ...

    def values(self, comparison: Comparison, index: int) -> tuple[str, str]:
        """(expected, actual) at the flat index, as the comparison saw them."""
        ...

    def sampled_values(self, fault: SampleFault, look: int) -> tuple[str, str]:
        """(expected, actual) at the fault's element; `look` has the reference's outputs for it."""
        ...

    def wipe(self, looks: Sequence[int]) -> None:
        """Destroys the reference's outputs."""
        ...

    def run_timed(
        self, runs: Sequence[TimedRun], runnables: Mapping[str, R], rng: random.Random, meanwhile: Callable[[], None] = nothing
    ) -> list[float]:
        """Nanoseconds of one execution in each run: outputs poisoned and caches flushed before each, samples taken after each that has one.
        `meanwhile`: done once, while the device works on the last of what was queued, or behind it."""
        ...

    def gaps(self) -> Sequence[float]:
        """Of each of these runs: nanoseconds that a timer which no side can set has beyond the whole run's; NaN where it was not read. Empty where
        the device has no such timer."""
        ...


class Part(NamedTuple):
    """A case as open_case takes it."""

    case: DefinedCase
    batch: int
    scratch: Scratch


class DeviceOf(Protocol[P, R]):
    def describe(self) -> protocol.Device: ...

    def prove(self) -> None:
        """Once, before anything else, in well under a millisecond: the canary, and what costs more the first time than ever after."""
        ...

    def measure_copy(self) -> None:
        """How fast memory is copied, for `describe`: tens of milliseconds that must not fall into a neighbour's timed section."""
        ...

    def canary(self) -> None:
        """Raises when the device does not compute, or the helper kernels cannot tell right from wrong."""
        ...

    def unavailable(self) -> Optional[str]:
        """Why the device should take no work now (somebody else computes on it), or None."""
        ...

    def load(self, side: str, artifact: Artifact) -> P: ...

    def read_ahead(self, artifacts: Sequence[Artifact], /) -> None:
        """For `load_ahead`, all that come next, by the host alone: nothing of it reaches the device, whatever that is working on. InfraFailure,
        OSError."""
        ...

    def load_ahead(self, side: str, artifact: Artifact, kernels: Sequence[str], /) -> Optional[P]:
        """As `load`, with its kernels looked up, without running anything of it; None where loading runs code. InfraFailure, DeviceFault."""
        ...

    def is_busy(self) -> bool:
        """True while something that was queued has not ended. Never raises: what failed shows where it is waited for."""
        ...

    def leftover(self, programs: Iterable[P], /) -> Optional[str]:
        """What these leave behind, once they ran, that `cleanse` cannot take away; None where that is nothing."""
        ...

    def constants(self, programs: Iterable[tuple[P, Collection[str]]], /) -> bytes:
        """What these only read and a candidate could write, as it is now. With each: its variables that are filled before every run anyway."""
        ...

    def cleanse(self) -> None:
        """Between two candidates, when the first one's code is unloaded."""
        ...

    def open_case(self, problem: ProblemDefinition, case: DefinedCase, batch: int, scratch: Scratch) -> CaseOf[P, R]:
        """`scratch`: side -> name -> bytes. Cases share memory: another one's contents are gone once this one is armed and drawn."""
        ...

    def keeps_open(self, problem: ProblemDefinition, case: DefinedCase, batch: int, scratch: Scratch) -> bool:
        """True where the case is open, with memory of its own, and what is done with it is queued: it can be prepared while another is looked at."""
        ...

    def open_once(self, case: DefinedCase, scratch: Scratch) -> CaseOf[P, R]:
        """As `open_case`, of a case that comes once: whoever opened it closes it, unless the device was lost."""
        ...

    def open_beside(self, case: DefinedCase, scratch: Scratch, /) -> Optional[CaseOf[P, R]]:
        """As `open_once`, while the device works on another case; None where that one would have to go for it."""
        ...

    def reserve(self, parts: Sequence[Part], /) -> bool:
        """Gets the memory for these ahead of time; False where whoever works on the device may come to need it."""
        ...

    def replicas_max(self, case: DefinedCase) -> int:
        """How many replicas of the case's tensors fit."""
        ...

    def telemetry(self) -> Telemetry: ...

    def rest(self) -> Optional[float]:
        """While no frame comes. Seconds until this is to be called again; None: not before something was judged."""
        ...


Case = CaseOf[Any, Any]
Device = DeviceOf[Any, Any]
