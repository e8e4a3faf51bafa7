"""Why a judgement ends early. Three causes that must never be mixed up: the candidate, the machine, or the device under it."""
from typing import Literal

from kiln_runner.protocol_outcomes import Outcome


class CandidateFailure(Exception):
    """The candidate's own fault: `outcome` is an Outcome of the protocol. `lost`: the device context went with it."""

    def __init__(self, outcome: Outcome, lost: bool = False) -> None:
        super().__init__(outcome["verdict"])
        self.outcome, self.lost = outcome, lost


class InfraFailure(Exception):
    """Not the candidate's fault: `code` is one of the protocol's InfraFailure codes; the daemon retries elsewhere."""

    def __init__(self, code: str, message: str, lost: bool = False) -> None:
        super().__init__(message)
        self.code, self.lost = code, lost


class DeviceFault(Exception):
    """Code that ran on the device broke it. Whose code it was, the caller knows. `lost`: nothing can run here any more."""

    def __init__(self, message: str, lost: bool) -> None:
        super().__init__(message)
        self.lost = lost


class OutOfReach(DeviceFault):
    """A candidate's access to memory that lies beside its buffers. `offset`: where, in the memory that it was given."""

    def __init__(self, message: str, offset: int, access: Literal["read", "write"]) -> None:
        super().__init__(message, lost=False)
        self.offset = offset
        self.access: Literal["read", "write"] = access


class LaunchRejected(Exception):
    """A launch that cannot be made. `field` is a path in the plan, `launch[0].block`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
