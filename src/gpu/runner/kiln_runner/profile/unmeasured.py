"""A KernelProfile of which nothing is known yet."""
from kiln_runner.protocol import Json

NOTHING = (
    "registers", "spillBytes", "sharedBytes", "occupancyTheoretical", "occupancyAchieved", "occupancyLimiter", "durationNs",
    "memoryPeakShare", "computePeakShare", "l2HitRate", "bankConflictShare",
)


def unmeasured(kernel: str) -> Json:
    return {"kernel": kernel, **dict.fromkeys(NOTHING), "stalls": []}
