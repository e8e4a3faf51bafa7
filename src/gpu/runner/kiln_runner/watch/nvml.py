"""NVML's word on the health of GPUs: memory errors, remapped rows, Xid errors, clocks and who else computes there. Needs no root."""
import ctypes
import time
from collections import Counter
from ctypes import byref, c_char_p, c_uint, c_ulonglong, c_void_p
from typing import Optional

from kiln_runner.judge.gpu.telemetry import LIBRARY, Nvml
from kiln_runner.protocol_readings import DeviceReading, Ecc, HostReading, RemappedRows

GPU_IS_LOST, DRIVER_MISMATCH = 15, 18
CORRECTED, UNCORRECTED = 0, 1
VOLATILE, AGGREGATE = 0, 1
XID_EVENT = 0x8
# More in one period are counted with the next.
EVENTS_MAX = 256


class _Event(ctypes.Structure):
    _fields_ = [
        ("device", c_void_p), ("type", c_ulonglong), ("data", c_ulonglong), ("instance", c_uint), ("compute_instance", c_uint),
    ]


class Watcher:
    """Opened once for all GPUs of the host, and again after a reading that failed."""

    def __init__(self, devices: list[str]) -> None:
        self._devices = devices
        self._xids: dict[str, Counter[int]] = {device: Counter() for device in devices}
        self._lib: Optional[ctypes.CDLL] = None
        self._handles: dict[str, c_void_p] = {}
        self._events = c_void_p()
        self._known: set[str] = set()
        self._tellers: dict[str, Nvml] = {}
        # The last reading lost a device.
        self._is_doubtful = False

    def read(self) -> HostReading:
        try:
            library = ctypes.CDLL(LIBRARY)
        except OSError:
            return {"nvml": "missing", "message": None, "devices": []}
        if self._lib is not None and self._is_doubtful:
            # A driver that was loaded anew, or a GPU that was reset, is another one to whoever opened it before.
            self._close(self._lib)
        if self._lib is None:
            code = library.nvmlInit_v2()
            if code:
                words = _words(library, code)
                return {"nvml": "mismatch" if code == DRIVER_MISMATCH else "failed", "message": words, "devices": []}
            self._lib = library
            self._open(library)
        devices = [self._device(library, device) for device in self._devices]
        self._is_doubtful = any(device["lost"] is not None for device in devices)
        return {"nvml": "answers", "message": None, "devices": devices}

    def wait(self, seconds: float) -> None:
        """Counts the Xid errors that come meanwhile."""
        until = time.monotonic() + seconds
        for _ in range(EVENTS_MAX):
            left = until - time.monotonic()
            if left <= 0:
                return
            event = _Event()
            if self._lib is None or not self._events or self._lib.nvmlEventSetWait_v2(self._events, byref(event), c_uint(int(left * 1000))):
                break
            for device, handle in self._handles.items():
                if handle.value == event.device and event.type == XID_EVENT:
                    self._xids[device][int(event.data)] += 1
        time.sleep(max(0.0, until - time.monotonic()))

    def _close(self, library: ctypes.CDLL) -> None:
        if self._events:
            library.nvmlEventSetFree(self._events)
        library.nvmlShutdown()
        self._lib, self._events, self._handles, self._tellers = None, c_void_p(), {}, {}

    def _open(self, library: ctypes.CDLL) -> None:
        self._handles = {}
        events = c_void_p()
        self._events = c_void_p() if library.nvmlEventSetCreate(byref(events)) else events
        for device in self._devices:
            handle = c_void_p()
            if library.nvmlDeviceGetHandleByUUID(c_char_p(device.encode()), byref(handle)) == 0:
                self._handles[device] = handle
                self._known.add(device)
                self._tellers[device] = Nvml(device, device)
                if self._events:
                    library.nvmlDeviceRegisterEvents(handle, c_ulonglong(XID_EVENT), self._events)

    def _device(self, library: ctypes.CDLL, device: str) -> DeviceReading:
        handle = self._handles.get(device)
        telemetry = self._tellers.get(device) or Nvml(device, device)
        return {
            **telemetry.read(),
            "lost": self._lost(library, device, handle),
            "ecc": None if handle is None else _ecc(library, handle),
            "remappedRows": None if handle is None else _remapped(library, handle),
            "xids": [{"code": code, "count": count} for code, count in sorted(self._xids[device].items())],
            "foreign": telemetry.foreign_process(),
        }

    def _lost(self, library: ctypes.CDLL, device: str, handle: Optional[c_void_p]) -> Optional[str]:
        """One that NVML never knew (a part of a GPU, a container without it) is not lost."""
        found, value = c_void_p(), c_uint()
        code = library.nvmlDeviceGetHandleByUUID(c_char_p(device.encode()), byref(found))
        if code and device in self._known:
            return _words(library, code)
        if handle is not None and library.nvmlDeviceGetTemperature(handle, 0, byref(value)) == GPU_IS_LOST:
            return _words(library, GPU_IS_LOST)
        return None


def _ecc(library: ctypes.CDLL, handle: c_void_p) -> Optional[Ecc]:
    def errors(kind: int, counter: int) -> Optional[int]:
        value = c_ulonglong()
        return None if library.nvmlDeviceGetTotalEccErrors(handle, kind, counter, byref(value)) else value.value

    counts = [errors(kind, counter) for counter in (VOLATILE, AGGREGATE) for kind in (CORRECTED, UNCORRECTED)]
    told = [count for count in counts if count is not None]
    if len(told) < len(counts):
        return None
    return {"volatileCorrected": told[0], "volatileUncorrected": told[1], "aggregateCorrected": told[2], "aggregateUncorrected": told[3]}


def _remapped(library: ctypes.CDLL, handle: c_void_p) -> Optional[RemappedRows]:
    values = [c_uint() for _ in range(4)]
    if library.nvmlDeviceGetRemappedRows(handle, *map(byref, values)):
        return None
    correctable, uncorrectable, pending, failed = (value.value for value in values)
    return {"correctable": correctable, "uncorrectable": uncorrectable, "pending": bool(pending), "failed": bool(failed)}


def _words(library: ctypes.CDLL, code: int) -> str:
    library.nvmlErrorString.restype = c_char_p
    return (library.nvmlErrorString(code) or b"").decode(errors="replace") or f"NVML error {code}"
