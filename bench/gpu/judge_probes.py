"""Looks at single parts of the judge on a real GPU, each in a process of its own.

usage: judge_probes.py bare|stale|dtypes|indices|batch|clocks DEVICE CACHE
"""
import ctypes
import random
import secrets
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src" / "gpu" / "runner"), str(ROOT / "test" / "python" / "judge")]
from index_probes import TRIALS as TRIALS_OF_INDICES  # noqa: E402
from index_probes import IndexProbe  # noqa: E402
from rig import CORPUS, artifact_hash, compiles_alone, header_of, vector_add  # noqa: E402

from kiln_runner.judge.artifacts import open_artifact  # noqa: E402
from kiln_runner.judge.device import Case, Runnable  # noqa: E402
from kiln_runner.judge.gpu.device import GpuDevice  # noqa: E402
from kiln_runner.judge.gpu.driver import L2_BYTES, Driver  # noqa: E402
from kiln_runner.judge.gpu.launching import LaunchShape, PreparedLaunch, address  # noqa: E402
from kiln_runner.judge.gpu.memory import Memory  # noqa: E402
from kiln_runner.judge.measuring import warm_up  # noqa: E402
from kiln_runner.judge.numbers import element_text  # noqa: E402
from kiln_runner.judge.schedule import TimedRun, group_order  # noqa: E402
from kiln_runner.judge.tensors import DTYPE_BYTES, DTYPES  # noqa: E402
from kiln_runner.protocol import Tensor  # noqa: E402

M = 1 << 20
FLOAT4 = (CORPUS / "cuda" / "honest-float4.cu").read_text()
PAIR = {"candidate": FLOAT4, "baseline": (ROOT / "kernels" / "vector_add" / "baseline.cu").read_text()}
SMALL = [n << 10 for n in (4, 64, 256, 512, 768, 1024, 1536, 2048, 4096)]
RUNS, BARE_CANDIDATES, TRIALS = 100, 40, 10
GUARD_BYTE, GUARD_BYTES = 0xAA, 256


class Bare:
    """What a loop without any check or protocol reaches: load, 100 flushed runs of three sizes, unload."""

    def __init__(self, cache: Path) -> None:
        self.driver = Driver(0)
        self.image = (cache / "artifacts" / artifact_hash("gpu", FLOAT4) / "code.cubin").read_bytes()
        self.flush_bytes = 2 * self.driver.attribute(L2_BYTES)
        memory = Memory(self.driver)
        self.tensors = [memory.allocate(4 * 16 * M) for _ in range(3)]
        self.flush = memory.allocate(self.flush_bytes)
        self.events = [(self.driver.event(), self.driver.event()) for _ in range(RUNS)]

    def candidate(self) -> list[float]:
        """Medians, microseconds."""
        module, function = self.driver.load_module(self.image), ctypes.c_void_p()
        self.driver.lib.cuModuleGetFunction(ctypes.byref(function), module, b"vector_add")
        medians = [self.size(function, n) for n in (4 * M, 8 * M, 16 * M)]
        self.driver.unload_module(module)
        return medians

    def size(self, function: ctypes.c_void_p, n: int) -> float:
        values = [address(pointer) for pointer in self.tensors] + [ctypes.c_int(n)]
        launch = PreparedLaunch(self.driver, function, LaunchShape([-(-n // 1024)], [256]), values)
        for start, end in self.events:
            self.driver.fill(self.flush, 1, self.flush_bytes)
            self.driver.record(start)
            launch()
            self.driver.record(end)
        self.driver.synchronize()
        return round(statistics.median(self.driver.elapsed_ns(*pair) for pair in self.events) / 1e3, 2)


def bare(_device: str, cache: Path) -> None:
    loop = Bare(cache)
    loop.candidate()
    start = time.monotonic()
    medians = [loop.candidate() for _ in range(BARE_CANDIDATES)][-1]
    spent = time.monotonic() - start
    rate = f"{BARE_CANDIDATES / spent:.1f} candidates/s, {1e3 * spent / BARE_CANDIDATES:.2f} ms each"
    print(f"  bare loop (no checks, flush {loop.flush_bytes} bytes): {rate}, medians us {medians}")


def stale(device_id: str, cache: Path) -> None:
    """How far an honest kernel's runs behind a draw are from its others: draw_bias of gpu/case.py must lie beyond."""
    device, rng = GpuDevice(device_id, 0, cache), random.SystemRandom()
    sizes = {"tiny": 4096, "256K": 1 << 18, "4M": 4 * M, "16M": 16 * M}
    problem = vector_add("gpu", {name: ("bench", n) for name, n in sizes.items()})
    program = device.load("candidate", open_artifact(cache, artifact_hash("gpu", FLOAT4)))
    for spec in problem.definition["cases"]:
        batch = 8 if sizes[spec["name"]] <= 1 << 18 else 1
        case = device.open_case(problem.definition, spec, batch, {})
        bound = {"candidate": case.bind("candidate", program, problem.plans(header_of(FLOAT4))[spec["name"]])}
        case.arm(rng)
        case.draw(1)
        trials = [by_inputs(case, bound, batch, rng) for _ in range(TRIALS)]
        for kind, rows in zip(("new", "drawn again"), zip(*trials)):
            print(f"stale {spec['name']} batch {batch}: inputs {kind} to left {min(rows):.4f} .. {statistics.median(rows):.4f} .. {max(rows):.4f}")
    start = time.perf_counter()
    device.telemetry()
    print(f"telemetry: {1e3 * (time.perf_counter() - start):.3f} ms a reading")


def by_inputs(case: Case, bound: Mapping[str, Runnable], batch: int, rng: random.Random) -> tuple[float, float]:
    """Times on new inputs, and on the same drawn again, to those of runs that found them in place."""
    runs, seed = [], case.seed
    for n in range(RUNS):
        seed = rng.getrandbits(128) if n % 8 == 5 else seed
        runs.append(TimedRun("candidate", batch, seed if n % 8 in (2, 5) else None, None))
    times = case.run_timed(runs, bound, rng)
    new, again, left = ([t for n, t in enumerate(times) if test(n % 8)] for test in (lambda n: n == 5, lambda n: n == 2, lambda n: n not in (2, 5)))
    return statistics.median(new) / statistics.median(left), statistics.median(again) / statistics.median(left)


def batch(device_id: str, cache: Path) -> None:
    """What timing several executions together does to the time of one, and to a speed-up; how steady a single warm-up says how short a plan is."""
    device, rng = GpuDevice(device_id, 0, cache), random.SystemRandom()
    problem = vector_add("gpu", {str(n): ("bench", n) for n in SMALL})
    sides = {side: device.load(side, open_artifact(cache, artifact_hash("gpu", source))) for side, source in PAIR.items()}
    for spec in problem.definition["cases"]:
        plans = {side: problem.plans(header_of(source))[spec["name"]] for side, source in PAIR.items()}
        rows, singles = [], []
        for count in (1, 2, 4, 8, 16):
            case = device.open_case(problem.definition, spec, count, {})
            bound = {side: case.bind(side, program, plans[side]) for side, program in sides.items()}
            case.arm(rng)
            case.draw(1)
            if count == 1:
                singles = [warm_up(case, {"candidate": bound["candidate"]}, 3, rng)[0].single_ns for _ in range(TRIALS * 3)]
            rows.append(f"{count}: {pair_text(case, bound, count, rng)}")
        spread = [round(f(singles) / 1e3, 2) for f in (min, statistics.median, max)]
        print(f"batch {spec['name']}: single min/median/max {spread} us; " + "; ".join(rows))


def pair_text(case: Case, bound: Mapping[str, Runnable], count: int, rng: random.Random) -> str:
    """Median us of the candidate and ratio to the baseline, least and largest of three sections."""
    found, order = [], group_order(sorted(bound))
    for _ in range(3):
        runs = [TimedRun(side, count, None, None) for _ in range(RUNS // len(order)) for side in order]
        times = case.run_timed(runs, bound, rng)
        of = {side: statistics.median(t for t, run in zip(times, runs) if run.side == side) for side in bound}
        found.append((of["candidate"] / 1e3, of["baseline"] / of["candidate"]))
    (us_low, us_high), (low, high) = [(min(column), max(column)) for column in zip(*found)]
    return f"{us_low:.2f}..{us_high:.2f} us x{low:.3f}..{high:.3f}"


def clocks(device_id: str, cache: Path) -> None:
    """What the device's timer has beyond the events: for each honest kernel of the corpus beside the baseline. OFF_NS of judge/clocks.py must lie
    beyond the differences."""
    device, rng = GpuDevice(device_id, 0, cache), random.SystemRandom()
    problem = vector_add("gpu", {"16M": ("bench", 16 * M)})
    spec = problem.definition["cases"][0]
    for name, source in honest_sources().items():
        pair = {**PAIR, "candidate": source}
        sides = {side: device.load(side, open_artifact(cache, artifact_hash("gpu", text))) for side, text in pair.items()}
        plans = {side: problem.plans(header_of(text))[spec["name"]] for side, text in pair.items()}
        case = device.open_case(problem.definition, spec, 1, {side: plan["scratch"] for side, plan in plans.items()})
        bound = {side: case.bind(side, program, plans[side]) for side, program in sides.items()}
        case.arm(rng)
        case.draw(1)
        order = [*group_order(sorted(bound), True), *group_order(sorted(bound))]
        runs = [TimedRun(side, 1, None, None) for _ in range(RUNS // 8) for side in order]
        case.run_timed(runs, bound, rng)
        gaps = {side: [gap for gap, run in zip(case.gaps(), runs) if run.side == side and gap == gap] for side in bound}
        middle = {side: statistics.median(found) for side, found in gaps.items()}
        text = ", ".join(f"{side} {middle[side]:.0f} ns (deviation {statistics.pstdev(gaps[side]):.0f})" for side in sorted(gaps))
        print(f"clocks {name}: {text}; difference {middle['candidate'] - middle['baseline']:.0f} ns")
        for program in sides.values():
            program.close()


def honest_sources() -> dict[str, str]:
    """Those of the corpus for vector_add that a bare judge can compile."""
    files = sorted((CORPUS / "cuda").glob("honest-*.cu"))
    sources = {file.stem: file.read_text() for file in files}
    return {name: text for name, text in sources.items() if compiles_alone(text)}


def dtypes(device_id: str, cache: Path) -> None:
    """Every dtype and distribution: drawn, verified, within its length, one changed bit found."""
    probe, kinds = DtypeProbe(GpuDevice(device_id, 0, cache)), ("normal", "uniform", "integers", "bits")
    failures = [f for dtype in DTYPES for kind in kinds for count in (1, 3, 1000, 100_003) for f in probe.failures(dtype, kind, count)]
    print(f"dtypes: {len(DTYPES)} types x {len(kinds)} distributions x 4 lengths drawn, verified, one changed bit found; failures: {failures}")


def indices(device_id: str, cache: Path) -> None:
    """Structures and lookups: as the cpu device's code has them."""
    probe = IndexProbe(GpuDevice(device_id, 0, cache), cache)
    print(f"indices: drawn otherwise than on the cpu device: {probe.drawn_otherwise()}")
    print(f"indices: looked up otherwise: {probe.judged_otherwise()} of {TRIALS_OF_INDICES}")


PARAMETERS = {"normal": {"mean": 1, "std": 2}, "uniform": {"low": -1, "high": 3}, "integers": {"low": -3, "high": 3}, "bits": {}}
DEVIATIONS = {"normal": 2.0, "uniform": 1.1547}


class DtypeProbe:
    def __init__(self, device: GpuDevice) -> None:
        self.driver, self.memory, self.kernels, self.findings = device.driver, device.memory, device.kernels, device.findings

    def failures(self, dtype: str, kind: str, count: int) -> list[str]:
        size, keys = DTYPE_BYTES[dtype], (secrets.randbits(64), secrets.randbits(64))
        tensor: Tensor = {"name": "probe", "dtype": dtype, "elements": count, "role": "in", "distribution": {"kind": kind, **PARAMETERS[kind]}}
        block = self.memory.map([count * size + GUARD_BYTES])
        memory = block.pieces[0].address
        self.driver.fill(memory, GUARD_BYTE * 0x01010101, count * size + GUARD_BYTES)
        self.kernels.draw(tensor, memory)(*keys)
        intact, data, at = self.changed(tensor, memory, keys), self.driver.download(memory, count * size + GUARD_BYTES), count // 2
        self.driver.upload(memory + at * size, bytes([data[at * size] ^ 1]))
        found = ~self.changed(tensor, memory, keys) & (2**64 - 1)
        self.memory.free(block)
        wrong = {"not as drawn": intact != 0, "beyond its end": data[count * size :] != bytes([GUARD_BYTE]) * GUARD_BYTES, "bit": found != at}
        wrong["shape"] = count > 100_000 and dtype[0] in "fb" and dtype != "f4e2m1x2" and not self.has_shape(data[: count * size], dtype, kind)
        return [f"{dtype} {kind} {count}: {what}" for what, is_wrong in wrong.items() if is_wrong]

    def changed(self, tensor: Tensor, memory: int, keys: tuple[int, int]) -> int:
        self.findings.clear(1)
        self.kernels.draw(tensor, memory, self.findings.at(0))(*keys)
        self.findings.fetch(1)
        return self.findings.word(0)

    def has_shape(self, data: bytes, dtype: str, kind: str) -> bool:
        if kind not in DEVIATIONS:
            return True
        size = DTYPE_BYTES[dtype]
        values = [float(element_text(data[n : n + size], dtype)) for n in range(0, len(data), size)]
        return abs(statistics.fmean(values) - 1) < 0.03 and abs(statistics.pstdev(values) - DEVIATIONS[kind]) < 0.03


if __name__ == "__main__":
    PROBES = {"bare": bare, "stale": stale, "dtypes": dtypes, "indices": indices, "batch": batch, "clocks": clocks}
    PROBES[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
