"""The helper kernels of native/gpu_kernels.cu, made ready for given buffers."""
from collections.abc import Sequence
from ctypes import byref, c_double, c_int, c_uint64, c_void_p

from kiln_runner.protocol import Tensor

from ..lookups import Lookup
from ..outcomes import ComparisonWords
from ..tensors import DTYPE_CODE, distribution_of, mixture_of, structure_of
from .driver import Driver
from .launching import CtypesValue, LaunchShape, PreparedLaunch, address
from .memory import Memory

THREADS = 256
BLOCKS_MAX = 132 * 16
GUARD_BLOCKS = 16
ELEMENTS_PER_THREAD = 4
# Of native/gpu_kernels.cu. Few blocks, so that few atomics say when it ends.
FLUSH_THREADS, FLUSH_CELL_BYTES, FLUSH_BLOCKS_EACH = 512, 16, 4
HELPERS = (
    "kiln_draw", "kiln_draw_mixture", "kiln_draw_structure", "kiln_guard", "kiln_compare", "kiln_compare_indices", "kiln_delay", "kiln_flush",
    "kiln_turn", "kiln_compare_samples", "kiln_look", "kiln_copy",
)


class HelperKernels:
    def __init__(self, driver: Driver, image: bytes) -> None:
        self._driver = driver
        module = driver.load_module(image)
        self._functions: dict[str, c_void_p] = {}
        for name in HELPERS:
            function = c_void_p()
            driver.check(driver.lib.cuModuleGetFunction(byref(function), module, name.encode()), name)
            self._functions[name] = function

    def draw(self, tensor: Tensor, pointer: int, found: int = 0) -> "Draw":
        """Draws the tensor; with `found`, an address of findings, compares it with what would be drawn."""
        mixture, structure = mixture_of(tensor), structure_of(tensor)
        described = mixture or structure
        if described is not None:
            values = [address(pointer), c_uint64(tensor["elements"]), c_int(DTYPE_CODE[tensor["dtype"]]), described]
            values += [c_uint64(0), c_uint64(0), address(found), address(0)]
            name = "kiln_draw_mixture" if mixture is not None else "kiln_draw_structure"
            return Draw(self._driver, self._prepare(name, _blocks(tensor["elements"]), values))
        kind, p0, p1 = distribution_of(tensor)
        values = [
            address(pointer),
            c_uint64(tensor["elements"]),
            c_int(DTYPE_CODE[tensor["dtype"]]),
            c_int(kind),
            c_double(p0),
            c_double(p1),
            c_uint64(0),
            c_uint64(0),
            address(found),
            address(0),
        ]
        return Draw(self._driver, self._prepare("kiln_draw", _blocks(tensor["elements"]), values))

    def function(self, name: str) -> c_void_p:
        return self._functions[name]

    def guard(self, table: int, segments: int, found: int = 0) -> "Guard":
        values = [address(table), c_uint64(0), address(found)]
        shape = LaunchShape([GUARD_BLOCKS, segments], [THREADS])
        return Guard(self._driver, PreparedLaunch(self._driver, self._functions["kiln_guard"], shape, values, is_own=True))

    def compare(self, tensor: Tensor, out: int, reference: int, found: int) -> "Compare":
        values = [
            address(out),
            address(reference),
            c_uint64(tensor["elements"]),
            c_int(DTYPE_CODE[tensor["dtype"]]),
            c_double(0),
            c_double(0),
            address(found),
        ]
        return Compare(self._driver, self._prepare("kiln_compare", _blocks(tensor["elements"]), values))

    def compare_indices(self, tensor: Tensor, places: "tuple[int, int, int]", lookup: Lookup, seen: int) -> "CompareIndices":
        """`places`: of the output, the reference's and what is found. `seen`: how many bytes of `lookup.seen` there are."""
        out, reference, found = places
        values = [address(out), address(reference), c_uint64(tensor["elements"]), c_int(DTYPE_CODE[tensor["dtype"]]), lookup, address(found)]
        launch = self._prepare("kiln_compare_indices", _blocks(tensor["elements"]), values)
        return CompareIndices(self._driver, launch, lookup.seen, seen)

    def delay(self) -> "Delay":
        return Delay(self._driver, self._prepare("kiln_delay", [1], [c_uint64(0), address(0)], threads=1))

    def flush(self, pointer: int, multiprocessors: int) -> "Flush":
        values = [address(pointer), c_uint64(0), address(0)]
        return Flush(self._driver, self._prepare("kiln_flush", [FLUSH_BLOCKS_EACH * multiprocessors], values, threads=FLUSH_THREADS))

    def _prepare(self, name: str, grid: list[int], values: Sequence[CtypesValue], threads: int = THREADS) -> PreparedLaunch:
        return PreparedLaunch(self._driver, self._functions[name], LaunchShape(grid, [threads]), values, is_own=True)


class _Helper:
    __slots__ = ("_driver", "_launch")

    def __init__(self, driver: Driver, launch: PreparedLaunch) -> None:
        self._driver, self._launch = driver, launch

    def _go(self) -> None:
        code = self._launch()
        if code:
            self._driver.check(code, "a helper kernel")


class Draw(_Helper):
    __slots__ = ("_found", "_say")

    def __init__(self, driver: Driver, launch: PreparedLaunch) -> None:
        super().__init__(driver, launch)
        # Two keys, where it says what it found, and where when it starts.
        first = launch.count - 4
        self._say, self._found = launch.words(first, 4), launch.value(first + 2).value

    def __call__(self, key0: int, key1: int, stamp: int = 0) -> None:
        self._say(key0, key1, self._found, stamp)
        self._go()


class Guard(_Helper):
    __slots__ = ("_say",)

    def __init__(self, driver: Driver, launch: PreparedLaunch) -> None:
        super().__init__(driver, launch)
        self._say = launch.words(1, 1)

    def __call__(self, key: int) -> None:
        self._say(key)
        self._go()


class Compare(_Helper):
    __slots__ = ("_atol", "_rtol")

    def __init__(self, driver: Driver, launch: PreparedLaunch) -> None:
        super().__init__(driver, launch)
        self._rtol, self._atol = launch.value(4), launch.value(5)

    def __call__(self, rtol: float, atol: float) -> None:
        self._rtol.value, self._atol.value = rtol, atol
        self._go()


class CompareIndices(_Helper):
    __slots__ = ("_bytes", "_seen")

    def __init__(self, driver: Driver, launch: PreparedLaunch, seen: int, size: int) -> None:
        super().__init__(driver, launch)
        self._seen, self._bytes = seen, size

    def __call__(self, _rtol: float, _atol: float) -> None:
        """An index is right or wrong, whatever the tolerance."""
        if self._bytes:
            self._driver.fill(self._seen, 0, self._bytes)
        self._go()


class Delay(_Helper):
    __slots__ = ("_say",)

    def __init__(self, driver: Driver, launch: PreparedLaunch) -> None:
        super().__init__(driver, launch)
        self._say = launch.words(0, 2)

    def __call__(self, nanoseconds: int, stamp: int = 0) -> None:
        self._say(nanoseconds, stamp)
        self._go()


class Flush(_Helper):
    __slots__ = ("_say",)

    def __init__(self, driver: Driver, launch: PreparedLaunch) -> None:
        super().__init__(driver, launch)
        self._say = launch.words(1, 2)

    def __call__(self, size: int, stamp: int) -> None:
        self._say(size // FLUSH_CELL_BYTES, stamp)
        self._go()


def _blocks(elements: int) -> list[int]:
    return [min(BLOCKS_MAX, -(-elements // (THREADS * ELEMENTS_PER_THREAD)))]


class FindingsBlock:
    """Device memory that helper kernels write what they found to, and its page-locked copy on the host."""

    WORDS = 8192
    COMPARISON_WORDS = 5
    # Of a comparison's: the squared norm of the reference.
    NORM_WORD = 4
    SAMPLE_WORDS = 3

    def __init__(self, driver: Driver, memory: Memory) -> None:
        self._driver = driver
        self.pointer = memory.allocate(8 * self.WORDS)
        self._host, self._fetched = driver.host_buffer(8 * self.WORDS), driver.event()
        self._words = (c_uint64 * self.WORDS).from_address(self._host)
        self._doubles = (c_double * self.WORDS).from_address(self._host)

    def clear(self, words: int) -> None:
        self._driver.fill(self.pointer, 0, 8 * words)

    def fetch(self, words: int) -> None:
        """Waits for everything queued."""
        self.queue_fetch(words)
        self.wait()

    def queue_fetch(self, words: int) -> None:
        """What is there once all that was queued has ended; `wait` waits for that, and for nothing behind it."""
        self._driver.fetch(self._host, self.pointer, 8 * words)
        self._driver.record(self._fetched)

    def wait(self) -> None:
        self._driver.wait(self._fetched)

    def at(self, word: int) -> int:
        return self.pointer + 8 * word

    def word(self, index: int) -> int:
        return self._words[index]

    def sample_words(self, index: int) -> tuple[int, int, int]:
        first, second, third = self._words[index : index + self.SAMPLE_WORDS]
        return first, second, third

    def comparison(self, index: int) -> ComparisonWords:
        mismatches, first, worst = self._words[index : index + 3]
        return mismatches, first, worst, self._doubles[index + 3], self._doubles[index + 4]
