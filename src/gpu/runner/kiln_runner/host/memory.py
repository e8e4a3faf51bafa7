"""How much memory this process and its children may use: the machine's, or less where a container says so."""
import re
from pathlib import Path

from kiln_runner.host.cgroup import memory_limit

# Libraries of compilers are large, and most of what they map is never touched.
ADDRESSES_LEAST = 4 * 1024 ** 3


def memory_limit_bytes() -> int:
    """0 where the machine does not tell."""
    found = re.search(r"MemTotal:\s+(\d+) kB", _read("/proc/meminfo"))
    machine = int(found.group(1)) * 1024 if found else 0
    limit = memory_limit()
    return machine if limit is None else min(limit, machine or limit)


def within_memory(most: int) -> int:
    """A bound on the addresses of one process: `most`, or what there is, but never less than its libraries and files take up."""
    return max(ADDRESSES_LEAST, min(most, memory_limit_bytes() or most))


def killed_for_memory() -> int:
    """How many processes of this machine its kernel has ended for want of memory; always 0 where it does not tell."""
    found = re.search(r"^oom_kill (\d+)$", _read("/proc/vmstat"), re.MULTILINE)
    return int(found.group(1)) if found else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
