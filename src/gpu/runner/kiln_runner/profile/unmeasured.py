"""A KernelProfile of which nothing is known yet."""
NOTHING = (
    "registers", "spillBytes", "sharedBytes", "occupancyTheoretical", "occupancyAchieved", "occupancyLimiter", "durationNs",
    "memoryPeakShare", "computePeakShare", "l2HitRate", "bankConflictShare",
)


def unmeasured(kernel: str) -> dict:
    return {"kernel": kernel, **dict.fromkeys(NOTHING), "stalls": []}
