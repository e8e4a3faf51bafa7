"""Facts about this machine, read from /proc and /sys."""
import hashlib
import os
import platform
import re
import socket
from pathlib import Path
from typing import Optional

from kiln_runner.host.cgroup import processor_limit, whole_processors
from kiln_runner.host.memory import memory_limit_bytes
from kiln_runner.protocol import Device

_CACHE_KINDS = {"Data": "d", "Unified": ""}
_VECTOR = re.compile(r"sse4_2|ssse3|avx\w*|fma|f16c|bmi2|gfni|amx_\w+|asimd\w*|neon|sve\w*|sme\w*|bf16|fphp|i8mm")


def machine_id() -> str:
    """Stable for this installation: /etc/machine-id, else a hash of the host's name."""
    text = _read("/etc/machine-id").strip()
    if re.fullmatch(r"[0-9a-f]{32}", text):
        return text
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:32]


def cores() -> int:
    """Those this process may use, which in a container are fewer than the machine has: bound to some of them, or to some time of all."""
    bound, limit = max(1, len(os.sched_getaffinity(0))), processor_limit()
    return bound if limit is None else min(bound, whole_processors(limit))


def processor_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found.group(1).strip() if found else platform.processor() or platform.machine() or "unknown processor"


def caches() -> dict[str, int]:
    """Bytes by name, "L1d" to the last level, which others share. Virtual machines may tell the last one alone, as the processor's cache size."""
    found: dict[str, int] = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind = _read(str(folder / "level")).strip(), _read(str(folder / "type")).strip()
        size = _cache_bytes(_read(str(folder / "size")).strip())
        if level and size and kind in _CACHE_KINDS:
            found[f"L{level}{_CACHE_KINDS[kind]}"] = size
    told = re.search(r"^cache size\s*:\s*(\d+) KB$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found or ({"L2": int(told.group(1)) * 1024} if told else {})


def vector_instructions() -> list[str]:
    """Those of this processor that a kernel's author asks about, as /proc/cpuinfo names them."""
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return [flag for flag in (found.group(1).split() if found else []) if _VECTOR.fullmatch(flag)]


def last_level_cache_bytes() -> int:
    return max(caches().values(), default=0)


def cpu_device() -> Device:
    """The development device that every host has. `multiprocessors` are its cores, `l2Bytes` its last level cache."""
    return {
        "id": f"cpu-{machine_id()}-0", "kind": "cpu", "model": processor_model(), "architecture": "native",
        "memoryBytes": memory_limit_bytes(), "multiprocessors": cores(), "l2Bytes": last_level_cache_bytes(),
        "copyBytesPerSecond": None, "unavailable": None, "processor": {"isa": vector_instructions(), "caches": caches()},
    }


def _cache_bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+)([KMG]?)", text)
    return int(found.group(1)) * {"": 1, "K": 1024, "M": 1024 ** 2, "G": 1024 ** 3}[found.group(2)] if found else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def driver_version_file() -> Optional[str]:
    """The NVIDIA driver's version as its kernel module tells it."""
    found = re.search(r"Kernel Module.*?\s(\d+\.\d+[\d.]*)", _read("/proc/driver/nvidia/version"))
    return found.group(1) if found else None
