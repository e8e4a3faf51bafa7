"""Kernel launches made ready: every argument is packed once, a launch is then one call with nothing to convert."""
import ctypes
import struct
from collections.abc import Sequence
from ctypes import POINTER, c_double, c_float, c_int, c_int64, c_uint, c_uint64, c_void_p, pointer
from functools import partial
from typing import Any, Callable, Optional, Union

from .driver import Driver

# Where a kernel takes more than the plan gives (only a driver before CUDA 12.4 cannot tell), it finds zeros, never the end of an array.
ZERO_BYTES = 4096
SLOT_BYTES = 8
PARAMETERS_MAX = 128
_ZEROS = ctypes.create_string_buffer(ZERO_BYTES)
_Parameters = c_void_p * PARAMETERS_MAX
_NO_PARAMETERS = _Parameters(*[ctypes.addressof(_ZEROS)] * PARAMETERS_MAX)
CLUSTER_ATTRIBUTE = 4  # CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
COOPERATIVE = 2  # CU_LAUNCH_ATTRIBUTE_COOPERATIVE
ATTRIBUTES_MAX = 4

FLOATS = {"f64": c_double, "f32": c_float}
INTEGERS = {"i64": c_int64, "i32": c_int, "u32": c_uint}
address = c_uint64
# An argument of a kernel: a simple ctypes object, or a structure that is passed by value.
CtypesValue = Union[c_double, c_float, c_int64, c_int, c_uint, c_uint64, ctypes.Structure, ctypes.Array[ctypes.c_ubyte]]


class _LaunchAttribute(ctypes.Structure):
    _fields_ = [("id", c_int), ("pad", ctypes.c_char * 4), ("value", c_uint * 16)]


class _LaunchConfig(ctypes.Structure):
    _fields_ = [
        ("grid", c_uint * 3),
        ("block", c_uint * 3),
        ("shared", c_uint),
        ("stream", c_void_p),
        ("attributes", POINTER(_LaunchAttribute)),
        ("attribute_count", c_uint),
    ]


class PreparedLaunch:
    """One kernel launch. What is written to one of its values (`value`, `words`) changes the next launch."""

    __slots__ = ("_arguments", "_buffer", "_call", "_config", "_keep", "_kinds", "_parameters", "_places", "field")

    def __init__(
        self, driver: Driver, function: c_void_p, shape: "LaunchShape", values: Sequence[CtypesValue], field: str = "", *, is_own: bool = False
    ) -> None:
        """`is_own`: of the judge. It is launched in the way that takes the host least, where the driver has it."""
        self._buffer, self._places = _pack(values)
        # Made as seldom as anything here: a candidate has a launch of each kernel for each case, and the device waits for them.
        self._kinds = [type(value) for value in values]
        start = ctypes.addressof(self._buffer)
        self._parameters = _Parameters.from_buffer_copy(_NO_PARAMETERS)
        self._parameters[: len(values)] = [start + place for place in self._places]
        self._keep: list[object] = []
        # Which of the plan's launches it is, where it is of one.
        self.field = field
        self._call, self._arguments = self._prepare(driver, function, shape, is_own and driver.launches_by_config)

    def __call__(self) -> int:
        """The driver's code."""
        return self._call(*self._arguments)

    @property
    def count(self) -> int:
        """Of its values."""
        return len(self._places)

    def value(self, number: int) -> Any:
        """The ctypes object of which the kernel gets what it holds when it is launched."""
        return self._kinds[number].from_buffer(self._buffer, self._places[number])

    def words(self, first: int, count: int) -> Callable[..., None]:
        """Sets `count` values of eight bytes, from that one on, in one call: a run that is timed has no time to set one by one."""
        places = self._places[first : first + count]
        if places != [places[0] + SLOT_BYTES * n for n in range(count)]:
            raise ValueError("these values do not lie one after the other")
        return partial(struct.Struct(f"={count}Q").pack_into, self._buffer, places[0])

    def widen(self, blocks: int) -> None:
        """Another number of blocks along x; of a launch without a cluster."""
        if self._config is not None:
            self._config.grid[0] = blocks
        else:
            self._arguments = (self._arguments[0], blocks, *self._arguments[2:])

    def _prepare(
        self, driver: Driver, function: c_void_p, shape: "LaunchShape", is_lean: bool
    ) -> tuple[Callable[..., int], tuple[Any, ...]]:
        self._config: Optional[_LaunchConfig] = None
        if shape.cluster is None and not shape.switches and not is_lean:
            # Numbers below 2^31, which need not be converted.
            return driver.lib.cuLaunchKernel, (function, *shape.grid, *shape.block, shape.shared, None, self._parameters, None)
        attributes, count = _attributes(shape)
        config = _LaunchConfig(
            (c_uint * 3)(*shape.grid), (c_uint * 3)(*shape.block), shape.shared, None, ctypes.cast(attributes, POINTER(_LaunchAttribute)), count
        )
        self._keep, self._config = [attributes], config
        return driver.lib.cuLaunchKernelEx, (pointer(config), function, self._parameters, None)


class LaunchShape:
    """`switches`: launch attributes that are just on (CU_LAUNCH_ATTRIBUTE_…)."""

    def __init__(
        self, grid: Sequence[int], block: Sequence[int], shared: int = 0, cluster: Optional[Sequence[int]] = None, switches: Sequence[int] = (),
    ) -> None:
        self.switches = list(switches)
        self.grid, self.block, self.shared = _three(grid), _three(block), shared
        self.cluster = None if cluster is None else _three(cluster)


def _attributes(shape: LaunchShape) -> "tuple[ctypes.Array[_LaunchAttribute], int]":
    attributes = (_LaunchAttribute * ATTRIBUTES_MAX)()
    count = 0
    if shape.cluster is not None:
        attributes[0].id = CLUSTER_ATTRIBUTE
        attributes[0].value[0:3] = list(shape.cluster)
        count = 1
    for number in shape.switches:
        attributes[count].id, attributes[count].value[0] = number, 1
        count += 1
    return attributes, count


def _three(dims: Sequence[int]) -> tuple[int, int, int]:
    x, y, z = (*dims, 1, 1)[:3]
    return x, y, z


def _pack(values: Sequence[CtypesValue]) -> "tuple[ctypes.Array[ctypes.c_char], list[int]]":
    """The same values in one buffer with zeros behind them, and where each lies."""
    places, content = list[int](), bytearray()
    for value in values:
        places.append(len(content))
        content += bytes(value)
        content += bytes(-len(content) % SLOT_BYTES)
    return ctypes.create_string_buffer(bytes(content), len(content) + ZERO_BYTES), places


def scalar(dtype: str, value: float) -> CtypesValue:
    return FLOATS[dtype](value) if dtype in FLOATS else INTEGERS[dtype](int(value))
