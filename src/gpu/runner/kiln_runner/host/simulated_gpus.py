"""Simulated GPUs: benches and tests run many devices without hardware. Their model's name keeps them out of real rankings."""
import os

from kiln_runner.host.machine import machine_id
from kiln_runner.protocol import Device

COUNT_VARIABLE = "KILN_SIMULATED_DEVICES"
MODEL = "Kiln simulated GPU"
COUNT_MAX = 1024
# So high that no simulated time is below the floor of a shipped problem: a share above 1 would look like a fault.
COPY_BYTES_PER_SECOND = 8.0e12


def simulated_count() -> int:
    text = os.environ.get(COUNT_VARIABLE, "")
    return min(int(text), COUNT_MAX) if text.isdigit() else 0


def simulated_gpus() -> list[Device]:
    return [
        {
            "id": f"simulated-{machine_id()}-{index}", "kind": "gpu", "model": MODEL, "architecture": "sm_90a",
            "memoryBytes": 80 * 10 ** 9, "multiprocessors": 132, "l2Bytes": 50 * 10 ** 6,
            "copyBytesPerSecond": COPY_BYTES_PER_SECOND, "unavailable": None,
        }
        for index in range(simulated_count())
    ]
