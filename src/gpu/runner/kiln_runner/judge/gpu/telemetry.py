"""NVML through ctypes: clocks, power, temperature, why clocks are held down, and who else computes on the GPU. Needs no root."""
import ctypes
import re
from ctypes import byref, c_char_p, c_uint, c_ulonglong, c_void_p
from pathlib import Path
from typing import Optional

from kiln_runner import protocol

LIBRARY = "libnvidia-ml.so.1"
CLOCK_SM, CLOCK_MEMORY, TEMPERATURE_GPU = 1, 2, 0
PROCESSES_MAX = 128
# A process whose command line says this is a judge of ours or of another runner: the device lock keeps those apart. The archive is
# `runner-<sha256>.pyz`; from its folder it runs as the module `kiln_runner`.
OUR_COMMAND = re.compile(r"(\bkiln_runner|\brunner-[0-9a-f]{64}\.pyz)\b")
REASONS = {
    0x02: "applications_clocks",
    0x04: "sw_power_cap",
    0x08: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake",
    0x100: "display_clocks",
}


NOTHING_TOLD: protocol.Telemetry = {
    "deviceId": "", "smClockMhz": None, "memoryClockMhz": None, "powerW": None, "temperatureC": None, "throttleReasons": [],
}


class _Process(ctypes.Structure):
    _fields_ = [("pid", c_uint), ("used", c_ulonglong), ("instance", c_uint), ("compute_instance", c_uint)]


class Nvml:
    """Every question is answered with None where NVML is missing or refuses."""

    def __init__(self, device_id: str, uuid: str) -> None:
        self._device_id, self._handle = device_id, c_void_p()
        try:
            self._lib: Optional[ctypes.CDLL] = ctypes.CDLL(LIBRARY)
        except OSError:
            self._lib = None
            return
        found = self._lib.nvmlInit_v2() == 0 and self._lib.nvmlDeviceGetHandleByUUID(c_char_p(uuid.encode()), byref(self._handle)) == 0
        if not found:
            self._lib = None

    def read(self) -> protocol.Telemetry:
        return {
            "deviceId": self._device_id,
            "smClockMhz": self._number("nvmlDeviceGetClockInfo", CLOCK_SM),
            "memoryClockMhz": self._number("nvmlDeviceGetClockInfo", CLOCK_MEMORY),
            "powerW": _scaled(self._number("nvmlDeviceGetPowerUsage"), 1000),
            "temperatureC": self._number("nvmlDeviceGetTemperature", TEMPERATURE_GPU),
            "throttleReasons": self._reasons(),
        }

    def foreign_process(self) -> Optional[str]:
        """Why the device should take no work: "foreign process 123 (python train.py)"; or None."""
        for pid in self._pids():
            command = _command_of(pid)
            if command and not is_ours(command):
                return f"foreign process {pid} ({command[:120]}) computes on this GPU"
        return None

    def _number(self, function: str, *arguments: int) -> Optional[int]:
        value = c_uint()
        if self._lib is None or getattr(self._lib, function)(self._handle, *arguments, byref(value)):
            return None
        return value.value

    def _reasons(self) -> list[str]:
        value = c_ulonglong()
        if self._lib is None or self._lib.nvmlDeviceGetCurrentClocksThrottleReasons(self._handle, byref(value)):
            return []
        return [name for bit, name in REASONS.items() if value.value & bit]

    def _pids(self) -> list[int]:
        count, processes = c_uint(PROCESSES_MAX), (_Process * PROCESSES_MAX)()
        if self._lib is None or self._lib.nvmlDeviceGetComputeRunningProcesses_v3(self._handle, byref(count), processes):
            return []
        return [processes[n].pid for n in range(count.value)]


def _scaled(value: Optional[int], by: int) -> Optional[float]:
    return None if value is None else value / by


def is_ours(command: str) -> bool:
    return OUR_COMMAND.search(command) is not None


def _command_of(pid: int) -> str:
    """Empty where the process is not visible from here (another container), which is no reason to refuse work."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
