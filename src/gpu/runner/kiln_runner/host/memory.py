"""How much memory this process and its children may use: the machine's, or less where a container says so."""
import re
from pathlib import Path

from kiln_runner.host.cgroup import memory_limit


def memory_limit_bytes() -> int:
    """0 where the machine does not tell."""
    found = re.search(r"MemTotal:\s+(\d+) kB", _read("/proc/meminfo"))
    machine = int(found.group(1)) * 1024 if found else 0
    limit = memory_limit()
    return machine if limit is None else min(limit, machine or limit)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
