"""Types of profiles in frames, as in src/domain/protocol.ts and src/domain/profile.ts (held by the golden fixtures)."""
from typing import Literal, Optional, TypedDict, Union

from kiln_runner.protocol import Infra


class Stall(TypedDict):
    reason: str
    share: float


class KernelProfile(TypedDict):
    kernel: str
    registers: Optional[int]
    spillBytes: Optional[int]
    sharedBytes: Optional[int]
    occupancyTheoretical: Optional[float]
    occupancyAchieved: Optional[float]
    occupancyLimiter: Optional[str]
    durationNs: Optional[float]
    memoryPeakShare: Optional[float]
    computePeakShare: Optional[float]
    l2HitRate: Optional[float]
    bankConflictShare: Optional[float]
    stalls: list[Stall]


class ProfileSummary(TypedDict):
    source: Literal["ncu", "binary"]
    note: Optional[str]
    case: str
    deviceModel: str
    kernels: list[KernelProfile]


class Profiled(TypedDict):
    status: Literal["done"]
    summary: ProfileSummary


class NotProfiled(TypedDict):
    status: Literal["failed"]
    message: str


ProfileResult = Union[Profiled, NotProfiled, Infra]
