"""The judge's own GpuCase on a played driver: memory of this process, one module with variables, and kernels that are a line of Python."""
import ctypes
import json
import random
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

from kiln_runner.judge.artifacts import Artifact
from kiln_runner.judge.gpu.case import GpuCase
from kiln_runner.judge.gpu.memory import Memory
from kiln_runner.judge.gpu.placing import place_case
from kiln_runner.judge.gpu.program import Program
from kiln_runner.judge.gpu.sampling import Tools

from .played_cuda import PlayedDriver
from .small_elf import ENTRY, FUNCTION, OBJECT, elf_of

COUNT = 2
VARIABLE_BYTES = 4 * COUNT
BANK_BYTES, SYMBOL_STEP = 48, 8
SPOILT = (2.0**99,) * COUNT
CUBIN = elf_of([("weigh", FUNCTION, ENTRY, 5), ("weights", OBJECT, 0, 3), ("table", OBJECT, 0, 3)], VARIABLE_BYTES)
TENSORS: list[Any] = [
    {"name": "x", "dtype": "f32", "elements": COUNT, "role": "in", "distribution": {"kind": "normal"}},
    {"name": "w", "dtype": "f32", "elements": COUNT, "role": "in", "distribution": {"kind": "normal"}},
    {"name": "out", "dtype": "f32", "elements": COUNT, "role": "out", "distribution": {"kind": "normal"}},
]
PLAN: Any = {
    "launches": [{
        "kernel": "weigh", "grid": [1, 1, 1], "block": [1, 1, 1], "cluster": None, "shared": 0,
        "args": [{"kind": "tensor", "name": "x"}, {"kind": "tensor", "name": "out"}],
    }],
    "scratch": {},
    "symbols": [{"name": "weights", "value": {"kind": "tensor", "name": "w"}}],
}


def placed(gpu: Any, case: Any, batch: int, scratch: Any) -> GpuCase:
    return GpuCase(gpu, case, batch, place_case(case, batch, scratch, gpu.memory.page))


class FillingDriver(PlayedDriver):
    """`weigh`: out = x * weights, and then spoils its weights. Each module has a constant bank of its own; `done` says what was queued."""

    def __init__(self) -> None:
        super().__init__()
        self.banks: list[Any] = []
        self.done: list[str] = []
        self.lib.cuLaunchKernel, self.lib.cuFuncGetParamInfo = self._weigh, self._takes
        self.lib.cuModuleGetFunction = self._of_module

    def load_module(self, _image: bytes) -> ctypes.c_void_p:
        # As large as where the code says that it begins and ends, from where the driver says that its variables are.
        self.banks.append(ctypes.create_string_buffer(BANK_BYTES + SYMBOL_STEP))
        return ctypes.c_void_p(len(self.banks))

    def variable(self, module: Any, name: str) -> "tuple[int, int] | None":
        known = {"weights": 2, "table": 3}
        return (ctypes.addressof(self.banks[module.value - 1]) + SYMBOL_STEP * known[name], VARIABLE_BYTES) if name in known else None

    def weights(self, module: int) -> "tuple[float, ...]":
        return struct.unpack_from(f"<{COUNT}f", self.banks[module], SYMBOL_STEP * 2)

    def copy(self, to: int, source: int, size: int) -> None:
        self.done.append("copy")
        ctypes.memmove(to, source, size)

    def upload(self, to: int, data: bytes) -> None:
        self.done.append("upload")
        super().upload(to, data)

    def record(self, _event: object) -> None:
        self.done.append("event")

    def _of_module(self, function: Any, module: Any, _name: bytes) -> int:
        function._obj.value = module.value
        return 0

    def _takes(self, _function: object, number: Any, offset: Any, size: Any) -> int:
        offset._obj.value, size._obj.value = 8 * number.value, 8
        return int(number.value > 1)

    def _weigh(self, function: Any, *arguments: Any) -> int:
        self.done.append("launch")
        source, to = (int.from_bytes(ctypes.string_at(arguments[8][n], 8), "little") for n in range(2))
        numbers = struct.unpack(f"<{COUNT}f", self.download(source, VARIABLE_BYTES))
        weights = self.weights(function.value - 1)
        PlayedDriver.upload(self, to, struct.pack(f"<{COUNT}f", *[number * weight for number, weight in zip(numbers, weights)]))
        struct.pack_into(f"<{COUNT}f", self.banks[function.value - 1], SYMBOL_STEP * 2, *SPOILT)
        return 0


def drawn(key: int) -> "list[float]":
    """What a tensor holds that was drawn with this key."""
    rng = random.Random(key)
    return [float(rng.randrange(1, 1000)) for _ in range(COUNT)]


class PlayedKernels:
    def __init__(self, driver: FillingDriver) -> None:
        self._driver = driver

    def draw(self, _tensor: object, pointer: int, _found: int = 0) -> Callable[..., None]:
        def draw(key0: int, _key1: int, _stamp: int = 0) -> None:
            PlayedDriver.upload(self._driver, pointer, struct.pack(f"<{COUNT}f", *drawn(key0)))

        return draw

    def guard(self, *_: object) -> Callable[..., None]:
        return lambda *_: None

    def compare(self, *_: object) -> Callable[..., None]:
        return lambda *_: None

    def function(self, _name: str) -> ctypes.c_void_p:
        return ctypes.c_void_p(1)


class PlayedGpu:
    def __init__(self, folder: Path) -> None:
        self.driver = FillingDriver()
        self.memory, self.kernels, self.windows = Memory(self.driver), PlayedKernels(self.driver), SimpleNamespace()
        self.findings = SimpleNamespace(at=lambda word: word)
        self.sampling = Tools(self.driver, self.kernels, SimpleNamespace(cells=0, rows=0, runs=0))
        self.timer = SimpleNamespace(poison_bytes_max=1 << 20, around=(None, None))
        (folder / "code.cubin").write_bytes(CUBIN)
        (folder / "meta.json").write_text(json.dumps({"kernels": {"weigh": {"file": "code.cubin"}}}))
        self._artifact = Artifact(folder)

    def program(self) -> Program:
        return Program(self.driver, self._artifact)

    def case(self, batch: int = 1) -> GpuCase:
        return placed(self, {"name": "played", "kind": "bench", "tensors": TENSORS, "reference": PLAN, "baseline": PLAN}, batch, {})

    def numbers(self, pointer: int) -> "list[float]":
        return list(struct.unpack(f"<{COUNT}f", self.driver.download(pointer, VARIABLE_BYTES)))
