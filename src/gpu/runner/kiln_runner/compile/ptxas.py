"""Reads what ptxas -v says of each kernel, and takes it out of the log that people see."""
import re
from typing import Optional

from kiln_runner.protocol import KernelResources

_ENTRY = re.compile(r"Compiling entry function '([^']+)'")
_SPILL = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
_REGISTERS = re.compile(r"Used (\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")
_NOISE = re.compile(r"^ptxas (info    |        ) ?[:.]|^\s*\d+ bytes stack frame, ")


def split_ptxas(log: str) -> tuple[str, dict[str, KernelResources]]:
    """(the log without ptxas's table, kernel -> {registers, sharedBytes, spillBytes})."""
    resources: dict[str, KernelResources] = {}
    kept: list[str] = []
    current: Optional[KernelResources] = None
    for line in log.splitlines():
        current = _read_line(line, resources, current)
        if not _NOISE.search(line) or "warning" in line:
            kept.append(line)
    return "\n".join(kept).strip(), resources


def _read_line(line: str, resources: dict[str, KernelResources], current: Optional[KernelResources]) -> Optional[KernelResources]:
    entry = _ENTRY.search(line)
    if entry:
        return resources.setdefault(entry.group(1), {"registers": 0, "sharedBytes": 0, "spillBytes": 0})
    if current is None:
        return None
    spill, registers, shared = _SPILL.search(line), _REGISTERS.search(line), _SHARED.search(line)
    if spill:
        current["spillBytes"] = int(spill.group(1)) + int(spill.group(2))
    if registers:
        current["registers"] = int(registers.group(1))
    if shared:
        current["sharedBytes"] = int(shared.group(1))
    return current
