"""Readings of simulated GPUs: tests say in a file what NVML would tell."""
import json
import os
import time
from pathlib import Path
from typing import Any, Optional

from kiln_runner.protocol_readings import DeviceReading, HostReading

FILE_VARIABLE = "KILN_SIMULATED_READING"
SILENT_VARIABLE = "KILN_SIMULATED_SILENT_S_MAX"


def silent_s_max_of_tests() -> Optional[float]:
    """After how long without a reading a test wants to be told that NVML hangs; None: as on other hosts."""
    text = os.environ.get(SILENT_VARIABLE, "")
    return float(text) if text else None


def read_simulated(devices: list[str]) -> HostReading:
    """The file: {"nvml": …, "message": …, "hangs": true, "devices": {"0": {"lost": …}}}, all of it optional; devices by their number."""
    told = _file()
    while told.get("hangs"):
        time.sleep(0.05)
        told = _file()
    changes: dict[str, Any] = told.get("devices", {})
    return {
        "nvml": told.get("nvml", "answers"), "message": told.get("message"),
        "devices": [_device(device, changes.get(str(at), {})) for at, device in enumerate(devices)],
    }


def _file() -> dict[str, Any]:
    path = os.environ.get(FILE_VARIABLE, "")
    try:
        return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        # It is just being written.
        return {}


def _device(device_id: str, changes: dict[str, Any]) -> DeviceReading:
    healthy: DeviceReading = {
        "deviceId": device_id, "lost": None, "smClockMhz": 1980, "memoryClockMhz": 2619, "powerW": 420.0, "temperatureC": 54,
        "throttleReasons": [], "ecc": {"volatileCorrected": 0, "volatileUncorrected": 0, "aggregateCorrected": 0, "aggregateUncorrected": 0},
        "remappedRows": {"correctable": 0, "uncorrectable": 0, "pending": False, "failed": False}, "xids": [], "foreign": None,
    }
    healthy.update(changes)  # type: ignore[typeddict-item]
    return healthy
