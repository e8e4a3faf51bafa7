"""The judge's own program in a process of its own: it launches one kernel, which spins for as long as its input says; and the same kernel launched by
the judge. Both are timed by the judge's timer, in turns, on a case of the judge's. Among others' runs the kernel that does not spin tells what holds
these up (NullRuns).
"""
import base64
import random
from collections.abc import Sequence
from ctypes import byref, c_void_p
from functools import partial
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Protocol, TypeVar, cast

from kiln_runner.judge_frames import AnsweringProgram as Document
from kiln_runner.programs.recording_shape import arena_base
from kiln_runner.protocol import DefinedCase
from kiln_runner.protocol_programs import RecordedCase

from ..companions import Asked
from ..failures import CandidateFailure, InfraFailure
from ..layout import Scratch
from ..schedule import TimedRun
from ..statistics import median
from ..tensors import tensor_bytes
from .answer_process import AnswerProcess, Host, arenas_from
from .answering_program import CaseAnswers, Offsets, Place
from .case import GpuCase
from .helper_image import image_of
from .launching import LaunchShape, PreparedLaunch, address
from .runnable import Runnable

WARM_RUNS = 5
# Of all that is measured in one life of the process.
LIMIT_MS = 600_000.0
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


class NullHost(Host, Protocol):
    """The device. `open_once`: as device.Device has it."""

    def open_once(self, case: DefinedCase, scratch: Scratch, /) -> GpuCase: ...


class Known(NamedTuple):
    """Of a kernel that spins so long: what a run of the process takes, by both ways of looking, and one of the judge's own."""

    by_kernel_ns: float
    by_copy_ns: float
    own_ns: float

    @property
    def offsets(self) -> Offsets:
        return Offsets(self.by_kernel_ns - self.own_ns, self.by_copy_ns - self.own_ns)


class NullProcess:
    """`image`: the device binary that has the kernel; `lengths`: nanoseconds that it will be asked for. Ready once it is made: CandidateFailure,
    InfraFailure."""

    def __init__(self, host: NullHost, environment: tuple[str, str], image: bytes, architecture: str, lengths: Sequence[int]) -> None:
        self._host, self._image, self._rng = host, image, random.SystemRandom()
        self._function: Optional[c_void_p] = None
        cases = [_case(nanoseconds) for nanoseconds in lengths]
        asked = Asked(None, *environment, _document(image, architecture, cases))
        self._process = AnswerProcess(host, asked, cases, arenas_from(arena_base(ARENA_NUMBER)), ARENA_BYTES)
        try:
            self._process.begin(LIMIT_MS)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._process.settle()
        self._process.close()

    def known(self, nanoseconds: int, count: int) -> Known:
        """By `count` runs of each. Under the device's lock. CandidateFailure, InfraFailure."""
        case, answers = self._open(nanoseconds)
        try:
            sides = {"null": answers.runnable, "own": self._own(case)}
            case.run_timed([TimedRun(side, 1, 1, None) for _ in range(WARM_RUNS) for side in sides], sides, self._rng)
            answers.forget()
            order = [side for _ in range(count) for side in self._rng.sample(list(sides), len(sides))]
            times = case.run_timed([TimedRun(side, 1, 1, None) for side in order], sides, self._rng)
            own = [time_ns for side, time_ns in zip(order, times) if side == "own"]
            return Known(_median(answers.by_kernel), _median(answers.by_copy), _median(own))
        finally:
            case.close()

    def runs(self, null: Known) -> "NullRuns":
        """`null`: of the kernel that does not spin, as it was measured. Under the device's lock. CandidateFailure, InfraFailure."""
        case, answers = self._open(0)
        answers.offsets = Offsets(null.by_kernel_ns, null.by_copy_ns)
        return NullRuns(case, answers)

    def _open(self, nanoseconds: int) -> tuple[GpuCase, CaseAnswers]:
        """And called once."""
        spec = _defined(nanoseconds)
        case = self._host.open_once(spec, {})
        try:
            given = self._process.lent.given(spec["name"])
            places = [Place(t, case.tensor_at(0, t["name"]), tensor_bytes(t), given[t["name"]]) for t in spec["tensors"]]
            answers = CaseAnswers(self._host, self._process, spec["name"], places)
            case.arm(self._rng)
            case.draw(1)
            case.poison(self._rng)
            case.execute(answers.runnable)
        except BaseException:
            case.close()
            raise
        return case, answers

    def _own(self, case: GpuCase) -> Runnable:
        function = self._function or self._load()
        values = [address(case.tensor_at(0, "nanoseconds")), address(case.tensor_at(0, "out"))]
        return Runnable([[PreparedLaunch(self._host.driver, function, LaunchShape([1], [1]), values)]])

    def _load(self) -> c_void_p:
        driver, function = self._host.driver, c_void_p()
        module = driver.load_module(self._image)
        driver.check(driver.lib.cuModuleGetFunction(byref(function), module, b"kiln_spin"), "kiln_spin")
        self._function = function
        return function


class NullRuns:
    """Runs of the kernel that does not spin, among those of others (runnable.Beside). Whatever goes wrong with it is nobody else's fault."""

    def __init__(self, case: GpuCase, answers: CaseAnswers) -> None:
        self._case, self._answers = case, answers
        self.runnable = Runnable([[partial(blameless, launch) for launch in answers.runnable.launches[0]]], beside=self)

    def before(self, is_timed: bool) -> int:
        return blameless(lambda: self._answers.before(is_timed))

    def behind(self, end: c_void_p) -> None:
        blameless(lambda: self._answers.behind(end))

    def wait_for(self, end: c_void_p) -> None:
        blameless(lambda: self._answers.wait_for(end))

    def corrected(self, whole_ns: float) -> float:
        return self._answers.corrected(whole_ns)

    def take(self) -> list[float]:
        """Nanoseconds that each took longer than alone, of all since this was asked last."""
        beyond = [*self._answers.by_kernel, *self._answers.by_copy]
        self._answers.forget()
        return beyond

    def close(self) -> None:
        self._case.close()


Result = TypeVar("Result")


def blameless(ask: Callable[[], Result]) -> Result:
    """InfraFailure where the judge's own program fails."""
    try:
        return ask()
    except CandidateFailure as error:
        raise InfraFailure("environment_missing", f"the judge's own program does not answer here: {error.outcome}") from error


def spin_image(cache: Path, architecture: str) -> bytes:
    return image_of(cache, architecture, ("gpu_spin.cu",))


def starter(host: NullHost, image: Callable[[], bytes], architecture: Callable[[], str]) -> "Callable[[tuple[str, str], Sequence[int]], NullProcess]":
    """Of an environment (name and key), for kernels of these lengths."""
    return lambda environment, lengths: NullProcess(host, environment, image(), architecture(), lengths)


def _document(image: bytes, architecture: str, cases: list[RecordedCase]) -> Document:
    source = SOURCE.format(image=base64.b64encode(image).decode())
    return {
        "files": [{"path": "null.py", "content": source}], "architecture": architecture, "cases": cases,
        "entry": {"file": "null.py", "symbol": "custom_kernel", "style": "custom_kernel"},
    }


def _median(times: Sequence[float]) -> float:
    return median(sorted(times))


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
