"""How many blocks of a kernel a multiprocessor holds, and what keeps more from it. Pure.

The driver tells how many blocks fit; which resource decides follows from the device's limits and the sizes in which it hands them out
(CUDA's occupancy calculation for compute capability 7.0 and later).
"""
from typing import NamedTuple, Optional

from kiln_runner.profile.metrics import least_limit

WARP_THREADS = 32
# Registers are given to a warp in such pieces, and a multiprocessor has them in four parts.
REGISTER_UNIT = 256
REGISTER_PARTS = 4
SHARED_UNIT = 128


class Multiprocessor(NamedTuple):
    """What one has in all. `shared_reserved`: bytes of each block that the driver keeps for itself."""

    threads: int
    registers: int
    shared: int
    shared_reserved: int
    blocks: int


class Block(NamedTuple):
    """What one takes. `shared`: static and dynamic bytes."""

    threads: int
    registers_per_thread: int
    shared: int


def occupancy(device: Multiprocessor, block: Block, blocks: int) -> float:
    """Resident warps over the most there can be, 0 to 1, for so many blocks at once."""
    most = device.threads // WARP_THREADS
    return min(1.0, blocks * _warps(block) / most) if most else 0.0


def limiter(device: Multiprocessor, block: Block) -> Optional[str]:
    return least_limit(block_limits(device, block))


def block_limits(device: Multiprocessor, block: Block) -> dict[str, float]:
    """Blocks that each resource allows, in the order that decides between equals."""
    limits: dict[str, float] = {"warps": device.threads // WARP_THREADS // _warps(block)}
    if block.registers_per_thread:
        limits["registers"] = _by_registers(device, block)
    shared = _rounded(block.shared + device.shared_reserved, SHARED_UNIT)
    if shared:
        limits["shared memory"] = device.shared // shared
    limits["block size"] = device.blocks
    return limits


def _by_registers(device: Multiprocessor, block: Block) -> int:
    per_warp = _rounded(block.registers_per_thread * WARP_THREADS, REGISTER_UNIT)
    warps = device.registers // REGISTER_PARTS // per_warp * REGISTER_PARTS
    return warps // _warps(block)


def _warps(block: Block) -> int:
    return max(1, -(-block.threads // WARP_THREADS))


def _rounded(size: int, unit: int) -> int:
    return -(-size // unit) * unit
