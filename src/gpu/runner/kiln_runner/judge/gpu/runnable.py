"""A side's plan bound to the buffers of a case: its launches, and what fills its symbols before they run."""
from collections.abc import Sequence
from ctypes import c_void_p
from typing import Callable, NamedTuple, Optional, Protocol

from kiln_runner.protocol import Plan, TensorArgument

from ..symbols import Fill
from .program import Program
from .variables import Copy


class Beside(Protocol):
    """What goes on around the runs of a side whose code runs in a process of its own, outside of what is timed."""

    def before(self, is_timed: bool) -> int:
        """In front of the flush: its inputs get to where the process has them. How many kernels that were."""
        ...

    def behind(self, end: c_void_p) -> None:
        """Its outputs get to where the judge has them. `end`: recorded behind the launches; where the run is not timed it is waited for."""
        ...

    def wait_for(self, end: c_void_p) -> None:
        """In place of the driver's own wait, which would not end where the process hangs. CandidateFailure."""
        ...

    def corrected(self, whole_ns: float) -> float:
        """Of the nanoseconds between the events of the next timed run that is read, those that are the side's."""
        ...


class Runnable(NamedTuple):
    """Launches of one side, for each replica: called, each returns the driver's code. `fills`: the copies into variables of its code, for each
    replica too; empty where there are none. `beside`: of what runs in a process of its own."""

    launches: Sequence[Sequence[Callable[[], int]]]
    fills: Sequence[Sequence[Copy]] = ()
    beside: Optional[Beside] = None

    def fill(self, replica: int) -> None:
        """Symbols get what the replica's inputs hold when the stream comes to it: whatever follows finds that."""
        for copy in self.fills[replica] if self.fills else ():
            copy()

    def begin_check(self) -> None:
        """In front of a run on the first replica that is checked and not timed."""
        self.fill(0)
        if self.beside:
            self.beside.before(is_timed=False)

    def end_check(self, end: c_void_p) -> None:
        """Behind it. `end`: recorded behind the launches."""
        if self.beside:
            self.beside.behind(end)


def bound(program: Program, plan: Plan, fills: Sequence[Fill], resolvers: Sequence[Callable[[TensorArgument], int]]) -> Runnable:
    """`resolvers`: of each replica, the addresses of its buffers. LaunchRejected names the field that cannot be."""
    copies = [program.prepare_fills(fills, resolve) for resolve in resolvers] if fills else []
    return Runnable([program.prepare(plan, resolve) for resolve in resolvers], copies)
