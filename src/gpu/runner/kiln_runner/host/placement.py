"""Which cores belong to whom on a host with GPUs.

Each GPU gets cores of its own, near it where the host tells: a judge moves there with its first work. Everything else (the
server, compile workers, judges that start or stand by) shares the others, so that no compiler and no other GPU's judge ever takes
a core from a judge that measures. Machines with too few cores are left as they are.
"""
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

PCI_DEVICES = Path("/sys/bus/pci/devices")
CPUS = Path("/sys/devices/system/cpu")
# One for the judge that measures, one for its driver's threads; where cores are scarce, one for both.
CORES_PER_GPU = (2, 1)
# Of the shared cores, one stays free for the server, which hands out the next candidate.
SERVER_CORES = 1
SMALL_MACHINE_CORES = 2
# A warm compiler with what it keeps, and a source that needs much.
MEMORY_BYTES_PER_SLOT = 1024 ** 3


class Placement(NamedTuple):
    """`judges`: device id -> its own cores; a device that is missing is not bound. `shared`: for everything else; None: any core."""

    judges: dict[str, list[int]]
    shared: Optional[list[int]]


class Limits(NamedTuple):
    """Of the container or the service. None, 0: no limit is known."""

    processors: Optional[float]
    memory_bytes: int


NOWHERE = Placement({}, None)


def place(addresses: dict[str, str], allowed: Sequence[int], *, pci: Path = PCI_DEVICES, cpus: Path = CPUS) -> Placement:
    """`addresses`: GPU id -> PCI address ("0000:3b:00.0"; empty: unknown). `allowed`: cores that this process may use. At most half
    of them are given to judges."""
    each = next((count for count in CORES_PER_GPU if count * len(addresses) <= len(allowed) // 2), 0)
    if not addresses or not each:
        return NOWHERE
    near = {gpu: _near(pci / address, set(allowed)) if address else set(allowed) for gpu, address in addresses.items()}
    # The last ones first: systems like to give their own work and interrupts to the first. Threads of one core stay together.
    free = sorted(allowed, key=lambda core: (_first_sibling(cpus, core), core), reverse=True)
    judges: dict[str, list[int]] = {}
    # Those with little choice first, so that nobody takes it from them.
    for gpu in sorted(addresses, key=lambda gpu: len(near[gpu])):
        own = sorted(free, key=lambda core: core not in near[gpu])[:each]
        free = [core for core in free if core not in own]
        judges[gpu] = sorted(own)
    return Placement(judges, sorted(free))


def compile_slots(core_count: int, gpu_count: int, placement: Placement, limits: Limits) -> int:
    """Compilations at once that leave the judges and the server their cores, and the host its memory."""
    slots = _by_cores(core_count, gpu_count, placement)
    if limits.processors is not None:
        # Time that compilers use up is missing from the judges in the same group: one processor each.
        slots = min(slots, int(limits.processors) - (gpu_count if limits.processors > SMALL_MACHINE_CORES else 0))
    if limits.memory_bytes:
        slots = min(slots, limits.memory_bytes // MEMORY_BYTES_PER_SLOT)
    return max(1, slots)


def _by_cores(core_count: int, gpu_count: int, placement: Placement) -> int:
    if placement.shared is not None:
        return len(placement.shared) - SERVER_CORES
    if core_count <= SMALL_MACHINE_CORES:
        return core_count
    return core_count - CORES_PER_GPU[0] * gpu_count


def move_to(cores: Optional[Sequence[int]]) -> None:
    """Binds this thread, and what it starts from now on. A host that refuses leaves it where it was."""
    if not cores:
        return
    try:
        os.sched_setaffinity(0, cores)
    except OSError:
        # Cores that were taken from this container since the inventory, or a sandbox without the call.
        pass


def parse_cores(text: str) -> set[int]:
    """Of the kernel's lists: "0-3,8" -> {0, 1, 2, 3, 8}."""
    ranges = re.findall(r"(\d+)(?:-(\d+))?", text)
    return {core for first, last in ranges for core in range(int(first), int(last or first) + 1)}


def _near(device: Path, allowed: set[int]) -> set[int]:
    """Cores on the device's NUMA node; all where the host does not tell, or tells only of cores that are not ours."""
    if _read(device / "numa_node").startswith("-"):
        return allowed
    return parse_cores(_read(device / "local_cpulist")) & allowed or allowed


def _first_sibling(cpus: Path, core: int) -> int:
    return min(parse_cores(_read(cpus / f"cpu{core}/topology/thread_siblings_list")), default=core)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
