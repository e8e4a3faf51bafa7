"""What NVML tells of a host's GPUs: HostReading of src/domain/hosts/reading.ts."""
from typing import Literal, Optional, TypedDict


class Ecc(TypedDict):
    volatileCorrected: int
    volatileUncorrected: int
    aggregateCorrected: int
    aggregateUncorrected: int


class RemappedRows(TypedDict):
    correctable: int
    uncorrectable: int
    pending: bool
    failed: bool


class Xid(TypedDict):
    code: int
    count: int


class DeviceReading(TypedDict):
    deviceId: str
    lost: Optional[str]
    smClockMhz: Optional[float]
    memoryClockMhz: Optional[float]
    powerW: Optional[float]
    temperatureC: Optional[float]
    throttleReasons: list[str]
    ecc: Optional[Ecc]
    remappedRows: Optional[RemappedRows]
    xids: list[Xid]
    foreign: Optional[str]


class HostReading(TypedDict):
    nvml: Literal["answers", "missing", "failed", "mismatch", "hangs"]
    message: Optional[str]
    devices: list[DeviceReading]
