"""Loading code onto the GPU, and whose fault it is where the driver refuses: one table from its answers.

Reference and baseline, which the same compiler made, are loaded before any candidate: a device or a driver that can load nothing has failed
by then.
"""
from ctypes import byref, c_void_p
from pathlib import Path

from ...compile.elf import loaded_bytes
from ..artifacts import Artifact
from ..failures import InfraFailure, LaunchRejected
from .driver import CudaError, Driver

# Whose fault: the image's own; the image's where it needs more than there is, else whoever holds the memory; the name's, for a kernel that is
# looked up. Whatever is not here is the device's, or the driver's.
IMAGE, ROOM, NAME = "image", "room", "name"
BLAME: dict[int, str] = {
    2: ROOM,  # CUDA_ERROR_OUT_OF_MEMORY
    200: IMAGE,  # CUDA_ERROR_INVALID_IMAGE
    209: IMAGE,  # CUDA_ERROR_NO_BINARY_FOR_GPU
    218: IMAGE,  # CUDA_ERROR_INVALID_PTX
    222: IMAGE,  # CUDA_ERROR_UNSUPPORTED_PTX_VERSION
    300: IMAGE,  # CUDA_ERROR_INVALID_SOURCE
    302: IMAGE,  # CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND
    303: IMAGE,  # CUDA_ERROR_SHARED_OBJECT_INIT_FAILED
    500: NAME,  # CUDA_ERROR_NOT_FOUND
    701: IMAGE,  # CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES
}
# Nobody else holds much of the device's memory where this share of it is free: what does not fit then is too large by itself.
FREE_SHARE_NORMAL = 0.75
FIELD = "launch[0].kernel"


def load_module(driver: Driver, artifact: Artifact, file: Path, image: bytes) -> c_void_p:
    """LaunchRejected where the image itself is why; InfraFailure."""
    try:
        return driver.load_module(image)
    except CudaError as error:
        raise blamed(driver, error, image, artifact.is_as_made(file, image)) from error


def look_up(driver: Driver, artifact: Artifact, file: Path, module: c_void_p, name: str) -> "c_void_p | None":
    """The kernel, or None where the module has none of this name. LaunchRejected where the image itself is why; InfraFailure, DeviceFault."""
    function = c_void_p()
    # Kernels by C++ names have others in the code.
    symbol = artifact.kernel(name).get("symbol", name)
    code = driver.lib.cuModuleGetFunction(byref(function), module, symbol.encode())
    if BLAME.get(code) == NAME:
        return None
    try:
        # Where modules are loaded lazily the code of a kernel reaches the device only now.
        driver.check(code, f"cuModuleGetFunction({name})")
    except CudaError as error:
        image = file.read_bytes()
        raise blamed(driver, error, image, artifact.is_as_made(file, image)) from error
    return function


def blamed(driver: Driver, error: CudaError, image: bytes, is_as_made: bool) -> Exception:
    if not is_as_made:
        return InfraFailure("unknown_artifact", f"a file of the artifact is not as it was made: {error}")
    blame = BLAME.get(error.code)
    if blame == IMAGE:
        return LaunchRejected(FIELD, f"the driver cannot load the compiled code: {error.name}")
    if blame != ROOM:
        return InfraFailure("device_lost", f"the driver cannot load code now: {error}")
    needed, (free, total) = loaded_bytes(image), driver.memory_bytes()
    what = f"its variables and code need {needed:,} bytes of device memory; {free:,} of {total:,} are free"
    if needed > total or free >= FREE_SHARE_NORMAL * total:
        return LaunchRejected(FIELD, f"the compiled code does not fit into the device: {what}")
    return InfraFailure("out_of_memory", f"no memory for the compiled code: {what}")
