#!/usr/bin/env python3
"""How fast a host compiles: what precompiled headers are worth, and sweeps of one source through the runner's own compile pool.

usage: bench/compile/main.py [WORKERS]     warm workers at once; as many as cores where it is not given. Needs NVRTC with headers, no GPU.
"""
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src" / "gpu" / "runner"))
from kiln_runner.artifacts import ArtifactCache  # noqa: E402
from kiln_runner.compile.compilers import Compilers  # noqa: E402
from kiln_runner.compile.nvrtc import Nvrtc, defines, nvrtc_options  # noqa: E402
from kiln_runner.compile.opening import opening_of  # noqa: E402  # noqa: E402
from kiln_runner.compile.params import place_params  # noqa: E402
from kiln_runner.compile.pool import CompilePool  # noqa: E402
from kiln_runner.compile.precompiled import PrecompiledHeaders  # noqa: E402
from kiln_runner.host.toolchain import find_nvrtc  # noqa: E402
from kiln_runner.process import Children  # noqa: E402

ARCHITECTURE = "sm_90a"
REPEATS = 5
LIMIT_MS = 60_000
OWN = ROOT / "bench" / "compile" / "sources" / "tile-sum.cu"
# Points of each sweep; the first few of a worker make its headers, as in use.
SWEPT = {
    ROOT / "kernels/vector_add/seeds/3-float4.cu": 200,
    ROOT / "kernels/rmsnorm/seeds/1-vectors.cu": 200,
    ROOT / "kernels/matmul/seeds/1-wmma.cu": 100,
    OWN: 100,
}
# A sweep and the host it must not hold up, as issue and design ask for it.
POINTS_ASKED, CORES_ASKED, CANDIDATES_PER_SECOND = 1000, 16, 48.3


class Sweep(NamedTuple):
    seconds: float
    # CPU of the workers, of the pool (it answers and keeps the cache).
    workers_cpu: float
    pool_cpu: float


def params_of(source: str) -> dict[str, int]:
    declared = re.search(r"^params: \{(.*?)\}", source, re.MULTILINE)
    return {name: int(value) for name, value in re.findall(r"(\w+): (\d+)", declared.group(1))} if declared else {}


def row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |")


def compare_headers(nvrtc: Nvrtc, work: str) -> None:
    """Each source with and without, in turn, in one process."""
    print("\nOne warm process, each source plainly and with precompiled headers in turn:\n")
    row("source", "headers", "plain, ms", "precompiled, ms", "plain / precompiled", "cubins")
    print("|---|---|---|---|---|---|")
    ratios: list[float] = []
    for file in [*sorted((ROOT / "kernels").glob("*/seeds/*.cu")), OWN]:
        source = file.read_text()
        opening = opening_of(source)
        # Of several files: only the daemon makes them one text.
        if opening is None or '#include "' in source:
            continue
        plain, fast, is_same = compared(nvrtc, PrecompiledHeaders(nvrtc, work), source)
        ratios.append(plain / fast)
        headers = " ".join(opening.includes)
        row(file.relative_to(ROOT), headers, f"{plain:.0f}", f"{fast:.0f}", f"{plain / fast:.2f}", "the same" if is_same else "DIFFERENT")
    print(f"\nGeometric mean of the ratios {statistics.geometric_mean(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}.")


def compared(nvrtc: Nvrtc, headers: PrecompiledHeaders, source: str) -> tuple[float, float, bool]:
    """(ms plainly, ms with precompiled headers, both cubins equal); the least of REPEATS, the headers made before."""
    params, options = params_of(source), nvrtc_options(ARCHITECTURE)
    cubins, spent = set(), {"plain": [], "fast": []}
    placed = place_params(source, params, opening_of(source))
    ways = {"plain": lambda: nvrtc.compile(placed.source, options + defines(placed.before)), "fast": lambda: headers.compile(source, params, options)}
    for _ in range(2):
        ways["fast"]()
    for _ in range(REPEATS):
        for name, compile_it in ways.items():
            start = time.perf_counter()
            cubins.add(compile_it()[0])
            spent[name].append(1e3 * (time.perf_counter() - start))
    return min(spent["plain"]), min(spent["fast"]), len(cubins) == 1


async def sweep(tools: dict, folder: Path, source: str, points: int, workers: int) -> Sweep:
    """Compiles `points` units that differ in one define."""
    artifacts, work = folder / "artifacts", folder / "work"
    for place in (artifacts, work):
        place.mkdir(parents=True)
    children = Children(asyncio.get_running_loop())
    pool = CompilePool(children, ArtifactCache(artifacts), Compilers(tools, artifacts, work, simulated=False), workers)
    pool.warm(workers)
    # The clock starts with warm workers: every one has its compiler loaded.
    await compile_all(pool, units(source, range(-workers, 0)))
    start, own = time.perf_counter(), time.process_time()
    before = workers_cpu()
    await compile_all(pool, units(source, range(points)))
    result = Sweep(time.perf_counter() - start, workers_cpu() - before, time.process_time() - own)
    pool.stop()
    await children.end_all()
    return result


def units(source: str, points: range) -> list[dict]:
    params = params_of(source)
    shared = {"language": "cuda", "source": source, "architecture": ARCHITECTURE, "kernels": [], "numWarps": None, "numStages": None}
    return [{**shared, "params": {**params, "SWEEP_POINT": point}} for point in points]


async def compile_all(pool: CompilePool, work: list[dict]) -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    results: list[dict] = []

    def on_compiled(result: dict) -> None:
        results.append(result)
        if len(results) == len(work):
            done.set_result(None)

    for unit in work:
        pool.compile(f"point {unit['params']['SWEEP_POINT']}", unit, LIMIT_MS, on_compiled)
    await done
    failed = next((result for result in results if result["status"] != "compiled"), None)
    if failed is not None:
        raise RuntimeError(f"a point of the sweep did not compile: {failed}")


def workers_cpu() -> float:
    """Seconds of processor time that the workers and the confined compilers below them have used."""
    pids = descendants(os.getpid())
    stats = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[str]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return children + [pid for child in children for pid in descendants(int(child))]


def sweeps(tools: dict, workers: int, work: str) -> None:
    print(f"\nSweeps of one source through the compile pool, {workers} warm workers:\n")
    row("source", "points", "compiled/s", "CPU ms a point: workers / pool", "compiled/s a core", f"{POINTS_ASKED} points on {CORES_ASKED} cores",
        f"cores for {CANDIDATES_PER_SECOND} candidates/s")
    print("|---|---|---|---|---|---|---|")
    for number, (file, points) in enumerate(SWEPT.items()):
        ran = asyncio.run(sweep(tools, Path(work) / str(number), file.read_text(), points, workers))
        a_core = points / (ran.workers_cpu + ran.pool_cpu)
        cpu = f"{1e3 * ran.workers_cpu / points:.1f} / {1e3 * ran.pool_cpu / points:.2f}"
        all_points = f"{POINTS_ASKED / a_core / CORES_ASKED:.1f} s"
        row(file.relative_to(ROOT), points, f"{points / ran.seconds:.1f}", cpu, f"{a_core:.1f}", all_points, f"{CANDIDATES_PER_SECOND / a_core:.1f}")
    print("\nA core: of processor time, so that what else the machine does hardly counts. The last two columns follow from it.")


def main(argv: list[str]) -> int:
    tool = find_nvrtc()
    if tool is None or not tool["includes"]:
        print("no NVRTC with headers on this machine: set CUDA_HOME to a toolkit")
        return 2
    workers = int(argv[0]) if argv else len(os.sched_getaffinity(0))
    print(f"{tool['version']} for {ARCHITECTURE}.")
    with tempfile.TemporaryDirectory(prefix="kiln-compile-") as work:
        sweeps({"gcc": None, "nvrtc": tool, "nvcc": None, "triton": None}, workers, work)
        # Last: a process that has loaded NVRTC starts no workers.
        compare_headers(Nvrtc(tool["path"], tool["includes"]), work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
