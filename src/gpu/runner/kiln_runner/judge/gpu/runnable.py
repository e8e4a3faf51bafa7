"""A side's plan bound to the buffers of a case: its launches, and what fills its symbols before they run."""
from collections.abc import Sequence
from typing import Callable, NamedTuple

from kiln_runner.protocol import Plan, TensorArgument

from ..symbols import Fill
from .program import Program
from .variables import Copy


class Runnable(NamedTuple):
    """Launches of one side, for each replica: called, each returns the driver's code. `fills`: the copies into variables of its code, for each
    replica too; empty where there are none."""

    launches: Sequence[Sequence[Callable[[], int]]]
    fills: Sequence[Sequence[Copy]] = ()

    def fill(self, replica: int) -> None:
        """Symbols get what the replica's inputs hold when the stream comes to it: whatever follows finds that."""
        for copy in self.fills[replica] if self.fills else ():
            copy()


def bound(program: Program, plan: Plan, fills: Sequence[Fill], resolvers: Sequence[Callable[[TensorArgument], int]]) -> Runnable:
    """`resolvers`: of each replica, the addresses of its buffers. LaunchRejected names the field that cannot be."""
    copies = [program.prepare_fills(fills, resolve) for resolve in resolvers] if fills else []
    return Runnable([program.prepare(plan, resolve) for resolve in resolvers], copies)
