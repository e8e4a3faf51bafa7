"""How many judges are parked beside the one that works."""
from kiln_runner.protocol import Device

STANDBYS_MAX = 8
# A context with what its judge always holds takes less than this of the device's memory; all parked ones together at most that share.
CONTEXT_BYTES = 1024**3
PARKED_SHARE_MAX = 1 / 8


def standbys_for(device: Device) -> int:
    """For a Device. None on a cpu: its judge survives its candidates, and a new one is there in no time. On a GPU one at least."""
    if device["kind"] != "gpu":
        return 0
    return max(1, min(STANDBYS_MAX, int(device["memoryBytes"] * PARKED_SHARE_MAX) // CONTEXT_BYTES))
