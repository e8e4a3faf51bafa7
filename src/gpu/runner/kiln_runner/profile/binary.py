"""What the driver tells of a loaded kernel without running it: registers, shared memory, how many blocks fit on a multiprocessor."""
# The judge's own functions tell less of their types.
# pyright: reportUnknownMemberType=false, reportArgumentType=false
from ctypes import byref, c_int, c_size_t, c_void_p
from typing import Optional

from kiln_runner.protocol import Json, KernelResources, Launch, Plan

from ..judge.gpu.driver import Driver
from ..judge.gpu.launching import LaunchShape
from ..judge.gpu.program import Program
from .occupancy import Block, Multiprocessor, limiter, occupancy
from .unmeasured import unmeasured

# CUfunction_attribute
STATIC_SHARED, LOCAL_BYTES, REGISTERS = 1, 3, 4
# CUdevice_attribute
SM_THREADS, SM_SHARED, SM_REGISTERS, SM_BLOCKS, RESERVED_SHARED = 39, 81, 82, 106, 111


def multiprocessor(driver: Driver) -> Multiprocessor:
    threads, registers, shared, reserved, blocks = (
        driver.attribute(which) for which in (SM_THREADS, SM_REGISTERS, SM_SHARED, RESERVED_SHARED, SM_BLOCKS)
    )
    return Multiprocessor(threads, registers, shared, reserved, blocks)


def binary_profiles(driver: Driver, program: Program, plan: Plan, resources: dict[str, KernelResources]) -> list[Json]:
    """A KernelProfile a launch, with null for all that only a run can tell. `resources`: what the compiler told, by kernel. The plan must
    have been prepared: that raises a kernel's limit of dynamic shared memory."""
    device = multiprocessor(driver)
    return [_profile(driver, program, launch, device, resources.get(launch["kernel"])) for launch in plan["launches"]]


def _profile(driver: Driver, program: Program, launch: Launch, device: Multiprocessor, reported: Optional[KernelResources]) -> Json:
    function, shape = program.function(launch["kernel"]), program.shape(launch)
    static, local, registers = (_function_attribute(driver, function, which) for which in (STATIC_SHARED, LOCAL_BYTES, REGISTERS))
    block = Block(shape.block[0] * shape.block[1] * shape.block[2], registers, static + shape.shared)
    return {
        **unmeasured(launch["kernel"]), "registers": registers, "spillBytes": _spills(reported, local), "sharedBytes": block.shared,
        "occupancyTheoretical": occupancy(device, block, _resident_blocks(driver, function, shape)),
        "occupancyLimiter": limiter(device, block),
    }


def _spills(reported: Optional[KernelResources], local_bytes: int) -> Optional[int]:
    """The driver knows local memory only, which holds arrays too: only where there is none, it says that nothing is spilled."""
    if reported is not None:
        return reported["spillBytes"]
    return 0 if local_bytes == 0 else None


def _function_attribute(driver: Driver, function: c_void_p, which: int) -> int:
    value = c_int()
    driver.check(driver.lib.cuFuncGetAttribute(byref(value), which, function), f"cuFuncGetAttribute({which})")
    return value.value


def _resident_blocks(driver: Driver, function: c_void_p, shape: LaunchShape) -> int:
    value, threads = c_int(), shape.block[0] * shape.block[1] * shape.block[2]
    code = driver.lib.cuOccupancyMaxActiveBlocksPerMultiprocessor(byref(value), function, c_int(threads), c_size_t(shape.shared))
    driver.check(code, "cuOccupancyMaxActiveBlocksPerMultiprocessor")
    return value.value
