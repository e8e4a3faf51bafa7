"""What a run of a program that answers takes beside the program: two switches between contexts, and the judge's look. Measured by a program of the
judge's own in the same environment, which launches one kernel that spins for as long as its input says; the same kernel launched by the judge tells
how long that is.

A null companion is kept while programs come. It is measured anew for each judgement, and after CALIBRATED_S_MAX kernels of known length must come out
as long as they are, or nothing is timed.
"""
import base64
import random
import time
from collections.abc import Sequence
from ctypes import byref, c_void_p
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Protocol, cast

from kiln_runner.judge_frames import AnsweringProgram as Document
from kiln_runner.programs.recording_shape import arena_base
from kiln_runner.protocol import DefinedCase, Tensor
from kiln_runner.protocol_programs import RecordedCase

from ..companions import Asked
from ..failures import CandidateFailure, InfraFailure
from ..layout import Scratch
from ..schedule import TimedRun
from ..statistics import median
from ..tensors import tensor_bytes
from .answer_process import AnswerProcess, Host
from .answering_program import Answers, Offsets, Place
from .helper_image import image_of
from .launching import LaunchShape, PreparedLaunch, address
from .runnable import Runnable

CALIBRATED_S_MAX, IDLE_S = 60.0, 30.0
CALIBRATION_NS = (50_000, 300_000, 3_000_000)
# A kernel of known length comes out as long as it is, within this.
OFF_NS_MAX = 1_000.0
# Of the null, and of known lengths up to a millisecond and beyond; four in five are looked at by a kernel.
NULL_RUNS, CALIBRATION_RUNS, LONG_RUNS, LONG_NS = 60, 40, 20, 1_000_000
WARM_RUNS = 5
LIMIT_MS = 20_000.0
# Its output is as cold as a large one of a program's.
OUTPUT_ELEMENTS, INPUT_ELEMENTS = 4 * 1024 * 1024, 256
ARENA_BYTES, ARENA_NUMBER = 256 * 1024 * 1024, 63
SOURCE = '''\
import base64, ctypes
import torch

IMAGE = base64.b64decode("{image}")
CUDA = ctypes.CDLL("libcuda.so.1")
FOUND = []


def spin():
    if not FOUND:
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        for code in (CUDA.cuModuleLoadData(ctypes.byref(module), IMAGE), CUDA.cuModuleGetFunction(ctypes.byref(function), module, b"kiln_spin")):
            if code:
                raise RuntimeError(f"the kernel cannot be loaded: {{code}}")
        FOUND.append(function)
    return FOUND[0]


def custom_kernel(data):
    nanoseconds, out = (ctypes.c_uint64(tensor.data_ptr()) for tensor in data)
    values = (ctypes.c_void_p * 2)(ctypes.addressof(nanoseconds), ctypes.addressof(out))
    stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
    code = CUDA.cuLaunchKernel(spin(), 1, 1, 1, 1, 1, 1, 0, stream, values, None)
    if code:
        raise RuntimeError(f"the kernel cannot be launched: {{code}}")
'''


class SpinCase(Protocol):
    """A case with one input, of which all elements are as many nanoseconds."""

    name: str
    tensors: "list[Tensor]"

    def tensor_at(self, replica: int, name: str) -> int: ...

    def arm(self, rng: random.Random) -> None: ...

    def draw(self, seed: int) -> object: ...

    def poison(self, rng: random.Random) -> None: ...

    def execute(self, runnable: Runnable) -> None: ...

    def run_timed(self, runs: Sequence[TimedRun], runnables: "dict[str, Runnable]", rng: random.Random) -> "list[float]": ...

    def close(self) -> None: ...


class NullHost(Host, Protocol):
    """The device. `open_once`: as device.Device has it."""

    def open_once(self, case: DefinedCase, scratch: Scratch, /) -> Any: ...


class Known(NamedTuple):
    """Of a kernel that spins so long: what a run of the companion takes, by both ways of looking, and one of the judge's own."""

    by_kernel_ns: float
    by_copy_ns: float
    own_ns: float

    @property
    def offsets(self) -> Offsets:
        return Offsets(self.by_kernel_ns - self.own_ns, self.by_copy_ns - self.own_ns)


class Calibration(NamedTuple):
    """`nanoseconds`: that the kernel was to spin; `off_ns`: what came out beyond what the judge's own launch took."""

    nanoseconds: int
    own_ns: float
    off_ns: float


class Nulls:
    """`image`: returns the device binary that has the kernel."""

    def __init__(self, host: NullHost, image: "Callable[[], bytes]", architecture: str) -> None:
        self._host, self._image, self._architecture = host, image, architecture
        self._of: Optional[tuple[str, str]] = None
        self._process: Optional[AnswerProcess] = None
        self._function: Optional[c_void_p] = None
        self._offsets: Optional[Offsets] = None
        self._calibrated_s = self._used_s = -1e9
        self.calibrations: list[Calibration] = []
        self._rng = random.SystemRandom()

    def prove(self, environment: str, key: str) -> None:
        """Its companion of the environment lives, and is ready. InfraFailure where it cannot be."""
        self._used_s = time.monotonic()
        if self._of == (environment, key) and self._process is not None:
            return
        self.close()
        cases = [_case(nanoseconds) for nanoseconds in (0, *CALIBRATION_NS)]
        process = AnswerProcess(self._host, Asked(None, environment, key, self._document(cases)), cases, arena_base(ARENA_NUMBER), ARENA_BYTES)
        try:
            process.begin(LIMIT_MS)
        except BaseException as error:
            process.settle()
            process.close()
            if isinstance(error, CandidateFailure):
                raise _blamed(error) from error
            raise
        self._of, self._process = (environment, key), process

    def offsets(self, environment: str, key: str, *, anew: bool) -> Offsets:
        """Under the device's lock. InfraFailure where known lengths do not come out."""
        self.prove(environment, key)
        if anew or self._offsets is None or self._is_old:
            try:
                self._measure()
            except CandidateFailure as error:
                self.close()
                raise _blamed(error) from error
        assert self._offsets is not None, "they were just measured"
        return self._offsets

    def rest(self) -> Optional[float]:
        """Seconds until its companion has been idle for too long; None: there is none. It is ended where that is now."""
        if self._process is None:
            return None
        left = self._used_s + IDLE_S - time.monotonic()
        if left <= 0:
            self.close()
            return None
        return left

    def close(self) -> None:
        process, self._process, self._of, self._offsets = self._process, None, None, None
        self._calibrated_s = -1e9
        if process is not None:
            process.settle()
            process.close()

    @property
    def _is_old(self) -> bool:
        return time.monotonic() - self._calibrated_s > CALIBRATED_S_MAX

    def _measure(self) -> None:
        null = self._known(0, NULL_RUNS)
        self._offsets = null.offsets
        if self._is_old:
            self.calibrations = [self._calibration(nanoseconds, null.offsets) for nanoseconds in CALIBRATION_NS]
            off = [one for one in self.calibrations if abs(one.off_ns) > OFF_NS_MAX]
            if off:
                self._offsets = None
                words = "; ".join(f"a kernel of {one.own_ns / 1e3:.2f} us comes out {one.off_ns / 1e3:+.2f} us" for one in off)
                raise InfraFailure("internal", f"times to answers cannot be told on this device now: {words}")
            self._calibrated_s = time.monotonic()

    def _calibration(self, nanoseconds: int, offsets: Offsets) -> Calibration:
        known = self._known(nanoseconds, CALIBRATION_RUNS if nanoseconds < LONG_NS else LONG_RUNS)
        return Calibration(nanoseconds, known.own_ns, known.by_kernel_ns - offsets.kernel_ns - known.own_ns)

    def _known(self, nanoseconds: int, count: int) -> Known:
        assert self._process is not None, "nothing is measured before `prove`"
        process, spec = self._process, _defined(nanoseconds)
        case = cast(SpinCase, self._host.open_once(spec, {}))
        try:
            given = process.lent.given(spec["name"])
            places = [Place(t, case.tensor_at(0, t["name"]), tensor_bytes(t), given[t["name"]]) for t in spec["tensors"]]
            answers = Answers(self._host, process, spec["name"], places)
            sides = {"null": answers.runnable, "own": self._own(case)}
            case.arm(self._rng)
            case.draw(1)
            case.poison(self._rng)
            case.execute(sides["null"])
            case.run_timed([TimedRun(side, 1, 1, None) for _ in range(WARM_RUNS) for side in sides], sides, self._rng)
            answers.forget()
            order = [side for _ in range(count) for side in self._rng.sample(list(sides), len(sides))]
            times = case.run_timed([TimedRun(side, 1, 1, None) for side in order], sides, self._rng)
            own = [time_ns for side, time_ns in zip(order, times) if side == "own"]
            return Known(_median(answers.by_kernel), _median(answers.by_copy), _median(own))
        finally:
            case.close()

    def _own(self, case: SpinCase) -> Runnable:
        function = self._function or self._load()
        values = [address(case.tensor_at(0, "nanoseconds")), address(case.tensor_at(0, "out"))]
        return Runnable([[PreparedLaunch(self._host.driver, function, LaunchShape([1], [1]), values)]])

    def _load(self) -> c_void_p:
        driver, function = self._host.driver, c_void_p()
        module = driver.load_module(self._image())
        driver.check(driver.lib.cuModuleGetFunction(byref(function), module, b"kiln_spin"), "kiln_spin")
        self._function = function
        return function

    def _document(self, cases: "list[RecordedCase]") -> Document:
        source = SOURCE.format(image=base64.b64encode(self._image()).decode())
        return {
            "files": [{"path": "null.py", "content": source}], "architecture": self._architecture, "cases": cases,
            "entry": {"file": "null.py", "symbol": "custom_kernel", "style": "custom_kernel"},
        }


def spin_image(cache: Path, architecture: str) -> bytes:
    return image_of(cache, architecture, ("gpu_spin.cu",))


def _median(times: "Sequence[float]") -> float:
    return median(sorted(times))


def _blamed(error: CandidateFailure) -> InfraFailure:
    return InfraFailure("environment_missing", f"the judge's own program does not answer here: {error.outcome}")


def _case(nanoseconds: int) -> RecordedCase:
    return {
        "name": f"spin-{nanoseconds}",
        "tensors": [
            {"name": "nanoseconds", "dtype": "i32", "shape": [INPUT_ELEMENTS], "role": "in", "distribution": {"kind": "zeros"}},
            {"name": "out", "dtype": "f32", "shape": [OUTPUT_ELEMENTS], "role": "out", "distribution": {"kind": "zeros"}},
        ],
    }


def _defined(nanoseconds: int) -> DefinedCase:
    constant = {"kind": "integers", "low": nanoseconds, "high": nanoseconds}
    tensors = [
        {"name": "nanoseconds", "dtype": "i32", "elements": INPUT_ELEMENTS, "role": "in", "distribution": constant},
        {"name": "out", "dtype": "f32", "elements": OUTPUT_ELEMENTS, "role": "out", "distribution": constant},
    ]
    return cast(DefinedCase, {"name": f"spin-{nanoseconds}", "kind": "bench", "tensors": tensors})
