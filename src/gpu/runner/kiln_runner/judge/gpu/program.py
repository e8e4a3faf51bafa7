"""An artifact loaded on the GPU, and its launch plans checked against what the driver knows of its kernels."""
import ctypes
from collections.abc import Collection, Sequence
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from kiln_runner.protocol import Argument, Launch, Plan, TensorArgument

from ..artifacts import Artifact
from ..failures import InfraFailure, LaunchRejected
from ..known_names import known_names
from ..symbols import Fill
from .driver import (
    FUNCTION_LOCAL_BYTES,
    FUNCTION_MAX_DYNAMIC_SHARED,
    FUNCTION_MAX_THREADS,
    FUNCTION_NON_PORTABLE_CLUSTER,
    FUNCTION_STATIC_SHARED,
    MULTIPROCESSORS,
    SHARED_OPTIN_BYTES,
    CudaError,
    Driver,
)
from .image import Images, read_images
from .launching import COOPERATIVE, CtypesValue, LaunchShape, PreparedLaunch, address, scalar
from .leftovers import leftover
from .loading import FIELD, load_module, look_up
from .variables import Copy, Variables

PORTABLE_CLUSTER_MAX = 8
KERNELS_NAMED_MAX = 32


class KernelFacts(NamedTuple):
    # Bytes of each parameter; None where the driver cannot tell.
    parameters: Optional[list[int]]
    threads_max: int
    static_shared: int
    # Of one thread.
    local_bytes: int


class Program:
    """Modules of one artifact; `close` unloads them."""

    def __init__(self, driver: Driver, artifact: Artifact, images: Optional[Images] = None) -> None:
        """`images`: of all of its files, where they were read before."""
        self._driver, self._artifact = driver, artifact
        self._modules: dict[Path, c_void_p] = {}
        self._functions: dict[str, c_void_p] = {}
        self._facts: dict[int, KernelFacts] = {}
        self._shared: dict[int, int] = {}
        self._called: set[str] = set()
        self._variables = Variables(driver)
        try:
            for file, image in (images or read_images(artifact)).items():
                self._modules[file] = load_module(driver, artifact, file, image.content)
                self._called |= image.called
                self._variables.add(self._modules[file], image)
        except ValueError as error:
            self.close()
            raise LaunchRejected(FIELD, f"the compiled code is no ELF file as compilers make it: {error}") from error
        except (LaunchRejected, InfraFailure):
            self.close()
            raise

    def close(self) -> None:
        for module in self._modules.values():
            self._driver.unload_module(module)
        self._modules.clear()

    def leftover(self, local_bytes_most: int) -> Optional[str]:
        """Why the context is not as it was once its kernels ran, or None."""
        return leftover(self._called, max((facts.local_bytes for facts in self._facts.values()), default=0), local_bytes_most)

    def constants(self, filled: Collection[str]) -> bytes:
        """What its modules declare `__constant__`, as it is now, but for the variables `filled`: a kernel of another module can walk there. Waits
        where there is any."""
        return self._variables.constants(filled)

    def find(self, kernels: Sequence[str]) -> None:
        """Looks these up, so that binding a plan need not: their code may reach the device only now. LaunchRejected where one is missing."""
        for name in kernels:
            self._facts_of(self._function("launch", name))

    def prepare(self, plan: Plan, resolve: Callable[[TensorArgument], int]) -> list[PreparedLaunch]:
        """The plan's launches with the addresses that `resolve` gives. LaunchRejected names the field that cannot be."""
        return [self._launch(f"launch[{launch.get('index', n)}]", launch, resolve) for n, launch in enumerate(plan["launches"])]

    def prepare_fills(self, fills: Sequence[Fill], resolve: Callable[[TensorArgument], int]) -> list[Copy]:
        """What is called before each run, from the addresses that `resolve` gives. LaunchRejected names the symbol."""
        return self._variables.copies(fills, resolve)

    def _facts_of(self, function: c_void_p) -> "KernelFacts":
        """Asked of the driver once a kernel, not once a case."""
        handle = function.value or 0
        if handle not in self._facts:
            sizes = parameter_sizes(self._driver, function)
            asked = (FUNCTION_MAX_THREADS, FUNCTION_STATIC_SHARED, FUNCTION_LOCAL_BYTES)
            self._facts[handle] = KernelFacts(sizes, *(self._get(function, which) for which in asked))
        return self._facts[handle]

    def function(self, kernel: str) -> c_void_p:
        """LaunchRejected where the artifact has no such kernel."""
        return self._function("launch", kernel)

    def function_in(self, field: str, file: Path, name: str) -> c_void_p:
        """Of one module of several, which may have kernels of one name."""
        key = f"{file.name} {name}"
        if key not in self._functions:
            function = look_up(self._driver, self._artifact, file, self._modules[file], name)
            if function is None:
                raise LaunchRejected(f"{field}.kernel", f'its module has no kernel "{name[:80]}"')
            self._functions[key] = function
        return self._functions[key]

    def check_launch(self, field: str, name: str, function: c_void_p, launch: tuple[LaunchShape, Sequence[CtypesValue]]) -> None:
        shape, values = launch
        self._check_arguments(field, name, function, list(values))
        self._allow(field, function, shape)

    def shape(self, launch: Launch) -> LaunchShape:
        """As the plan has it, or as Triton decided."""
        meta = self._artifact.kernel(launch["kernel"])
        warps = meta.get("numWarps")
        block = [32 * warps, 1, 1] if warps else launch["block"]
        switches = [COOPERATIVE] if launch.get("cooperative") else []
        return LaunchShape(launch["grid"], block, meta.get("shared", launch["shared"]), launch["cluster"], switches)

    def _launch(self, field: str, launch: Launch, resolve: Callable[[TensorArgument], int]) -> PreparedLaunch:
        meta = self._artifact.kernel(launch["kernel"])
        function = self._function(field, launch["kernel"])
        shape = self.shape(launch)
        values = [_value(argument, resolve) for argument in launch["args"]]
        values += [address(0) for hidden in meta.get("hidden", []) if hidden == "null_ptr"]
        self._check_arguments(field, launch["kernel"], function, values)
        self._allow(field, function, shape)
        return PreparedLaunch(self._driver, function, shape, values, field)

    def _function(self, field: str, name: str) -> c_void_p:
        if name not in self._functions:
            file = self._artifact.file_of(name)
            function = look_up(self._driver, self._artifact, file, self._modules[file], name)
            if function is None:
                raise LaunchRejected(f"{field}.kernel", f'no kernel "{name}" in the artifact; {self._known(file)}')
            self._functions[name] = function
        return self._functions[name]

    def _known(self, file: Path) -> str:
        names = kernel_names(self._driver, self._modules[file])
        return f'it has {known_names(names)}. Declare it extern "C" __global__' if names else 'declare it extern "C" __global__'

    def _allow(self, field: str, function: c_void_p, shape: LaunchShape) -> None:
        self._check_block(field, function, shape)
        self._allow_shared(field, function, shape)
        if COOPERATIVE in shape.switches:
            self._check_resident(field, function, shape)
        if shape.cluster and _product(shape.cluster) > PORTABLE_CLUSTER_MAX:
            self._set(function, FUNCTION_NON_PORTABLE_CLUSTER, 1)

    def _check_block(self, field: str, function: c_void_p, shape: LaunchShape) -> None:
        threads, most = _product(shape.block), self._facts_of(function).threads_max
        if threads > most:
            raise LaunchRejected(
                f"{field}.block",
                f"a block of {threads} threads; this kernel runs with at most {most} (its registers or __launch_bounds__ decide)",
            )

    def _allow_shared(self, field: str, function: c_void_p, shape: LaunchShape) -> None:
        static = self._facts_of(function).static_shared
        most = self._driver.attribute(SHARED_OPTIN_BYTES) - static
        if shape.shared > most:
            raise LaunchRejected(
                f"{field}.shared",
                f"{shape.shared} bytes of dynamic shared memory; this device gives a block at most {most} besides {static} static ones",
            )
        # Never lowered: another launch of the same kernel may need more.
        handle = function.value or 0
        if shape.shared > self._shared.get(handle, 0):
            self._shared[handle] = shape.shared
            self._set(function, FUNCTION_MAX_DYNAMIC_SHARED, shape.shared)

    def _check_resident(self, field: str, function: c_void_p, shape: LaunchShape) -> None:
        """Blocks that wait for one which is not there yet would wait for ever."""
        each, count, blocks = c_int(), self._driver.attribute(MULTIPROCESSORS), _product(shape.grid)
        tell = self._driver.lib.cuOccupancyMaxActiveBlocksPerMultiprocessor
        code = tell(byref(each), function, c_int(_product(shape.block)), c_size_t(shape.shared))
        self._driver.check(code, "cuOccupancyMaxActiveBlocksPerMultiprocessor")
        if blocks > each.value * count:
            raise LaunchRejected(
                f"{field}.grid",
                f"a cooperative launch of {blocks} blocks; this device holds at most {each.value * count} of this kernel at once, "
                f"{each.value} on each of its {count} multiprocessors",
            )

    def _check_arguments(self, field: str, name: str, function: c_void_p, values: list[CtypesValue]) -> None:
        sizes = self._facts_of(function).parameters
        if sizes is None:
            return
        if len(sizes) != len(values):
            raise LaunchRejected(f"{field}.args", f"{name} takes {len(sizes)} arguments, the plan gives {len(values)}")
        for n, (size, value) in enumerate(zip(sizes, values)):
            if size != ctypes.sizeof(value):
                raise LaunchRejected(
                    f"{field}.args[{n}]", f"{name} takes {size} bytes here, the plan gives {ctypes.sizeof(value)} (a pointer is 8, i32 4)"
                )

    def _get(self, function: c_void_p, which: int) -> int:
        value = c_int()
        self._driver.check(self._driver.lib.cuFuncGetAttribute(byref(value), which, function), f"cuFuncGetAttribute({which})")
        return value.value

    def _set(self, function: c_void_p, which: int, value: int) -> None:
        self._driver.check(self._driver.lib.cuFuncSetAttribute(function, which, value), f"cuFuncSetAttribute({which})")


def rejected(field_prefix: str, error: CudaError) -> LaunchRejected:
    """A launch that the driver refused though it looked right."""
    fields = {1: "grid", 701: "block", 912: "cluster", 9: "grid"}
    return LaunchRejected(
        f"{field_prefix}.{fields.get(error.code, 'kernel')}",
        f"the driver refuses this launch: {error.name}. Check grid (x <= 2^31-1, y and z <= 65535), block, cluster and registers",
    )


def parameter_sizes(driver: Driver, function: c_void_p) -> Optional[list[int]]:
    """Bytes of each kernel parameter; None with a driver that cannot tell (before CUDA 12.4)."""
    tell = getattr(driver.lib, "cuFuncGetParamInfo", None)
    if tell is None:
        return None
    sizes: list[int] = []
    offset, size = c_size_t(), c_size_t()
    while tell(function, c_size_t(len(sizes)), byref(offset), byref(size)) == 0:
        sizes.append(size.value)
    return sizes


def kernel_names(driver: Driver, module: c_void_p) -> list[str]:
    """Kernels of a module; none with a driver that cannot tell (before CUDA 12.4)."""
    functions = (c_void_p * KERNELS_NAMED_MAX)()
    names: list[str] = []
    if not hasattr(driver.lib, "cuFuncGetName") or driver.lib.cuModuleEnumerateFunctions(functions, KERNELS_NAMED_MAX, module):
        return names
    for function in functions:
        name = c_char_p()
        if function and driver.lib.cuFuncGetName(byref(name), c_void_p(function)) == 0:
            names.append((name.value or b"").decode())
    return names


def _value(argument: Argument, resolve: Callable[[TensorArgument], int]) -> CtypesValue:
    if argument["kind"] == "scalar":
        return scalar(argument["dtype"], argument["value"])
    return address(resolve(argument))


def _product(dims: tuple[int, int, int]) -> int:
    return dims[0] * dims[1] * dims[2]
