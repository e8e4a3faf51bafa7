"""The GPUs of this host through the driver API, without making a context (which would take 200 ms and memory on each)."""
import ctypes
from typing import Callable, NamedTuple, Optional

from kiln_runner.host.machine import driver_version_file
from kiln_runner.protocol import Device

_MULTIPROCESSORS, _L2_BYTES, _MAJOR, _MINOR = 16, 38, 75, 76
_PAGEABLE_MEMORY_ACCESS, _HOST_PAGE_TABLES = 88, 100
_NO_DEVICE = 100
GPUS_MAX = 64


class Gpus(NamedTuple):
    devices: list[Device]
    driver: Optional[str]
    # Why there is a driver but nothing to use, with what to do; None when all is well or there is no driver at all.
    warning: Optional[str]
    # Device id -> PCI address as /sys names it; empty where the driver does not tell.
    addresses: dict[str, str]


def find_gpus() -> Gpus:
    driver = _driver_version()
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        warning = "the NVIDIA driver runs but libcuda.so.1 is missing; install the driver's user libraries (libcuda1)"
        return Gpus([], driver, warning if driver else None, {})
    code = cuda.cuInit(0)
    if code == _NO_DEVICE:
        return Gpus([], driver, None, {})
    if code != 0:
        warning = f"cuInit failed with {code}: check that nvidia-smi works and that this user may open /dev/nvidia*"
        return Gpus([], driver, warning, {})
    count = ctypes.c_int()
    cuda.cuDeviceGetCount(ctypes.byref(count))
    ordinals = range(min(count.value, GPUS_MAX))
    devices = [_device(cuda, ordinal) for ordinal in ordinals]
    return Gpus(devices, driver, None, {device["id"]: _pci_address(cuda, ordinal) for device, ordinal in zip(devices, ordinals)})


def _device(cuda: ctypes.CDLL, ordinal: int) -> Device:
    handle = ctypes.c_int()
    cuda.cuDeviceGet(ctypes.byref(handle), ordinal)
    name = ctypes.create_string_buffer(256)
    cuda.cuDeviceGetName(name, 256, handle)
    memory = ctypes.c_size_t()
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    return {
        "id": _uuid(cuda, handle), "kind": "gpu", "model": name.value.decode(errors="replace") or "unknown NVIDIA GPU",
        "architecture": _architecture(_attribute(cuda, handle, _MAJOR), _attribute(cuda, handle, _MINOR)),
        "memoryBytes": memory.value, "multiprocessors": _attribute(cuda, handle, _MULTIPROCESSORS),
        "l2Bytes": _attribute(cuda, handle, _L2_BYTES), "copyBytesPerSecond": None, "unavailable": None,
        "hostMemory": host_memory(lambda attribute: _attribute(cuda, handle, attribute)),
    }


def host_memory(attribute: Callable[[int], int]) -> Optional[str]:
    """How kernels reach memory of a process that was never given to the GPU, or None where they fault."""
    if not attribute(_PAGEABLE_MEMORY_ACCESS):
        return None
    if attribute(_HOST_PAGE_TABLES):
        return "it shares the page tables of the CPU"
    return "heterogeneous memory management of the driver's open kernel modules"


def _pci_address(cuda: ctypes.CDLL, ordinal: int) -> str:
    handle, text = ctypes.c_int(), ctypes.create_string_buffer(32)
    if cuda.cuDeviceGet(ctypes.byref(handle), ordinal) or cuda.cuDeviceGetPCIBusId(text, 32, handle):
        return ""
    # The driver writes capitals and maybe eight digits of domain, the kernel small letters and four.
    domain, _, rest = text.value.decode().lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}" if rest else ""


def _architecture(major: int, minor: int) -> str:
    """From compute capability 9.0 on, the architecture-specific target: it alone has wgmma and its like."""
    return f"sm_{major}{minor}{'a' if major >= 9 else ''}"


def _uuid(cuda: ctypes.CDLL, handle: ctypes.c_int) -> str:
    raw = (ctypes.c_ubyte * 16)()
    cuda.cuDeviceGetUuid(raw, handle)
    digits = bytes(raw).hex()
    return f"GPU-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _attribute(cuda: ctypes.CDLL, handle: ctypes.c_int, attribute: int) -> int:
    value = ctypes.c_int()
    cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
    return value.value


def _driver_version() -> Optional[str]:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return driver_version_file()
    if nvml.nvmlInit_v2() != 0:
        return driver_version_file()
    text = ctypes.create_string_buffer(96)
    code = nvml.nvmlSystemGetDriverVersion(text, 96)
    nvml.nvmlShutdown()
    return text.value.decode() if code == 0 else driver_version_file()
