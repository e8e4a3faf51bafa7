"""Several judges of one GPU at once, each with candidates of its own: they check side by side and time under the device's lock, one after the other.

What it would give: while one judge's Python works, another's kernels do. What it could cost: times that move.
"""
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / "python" / "judge"), str(Path(__file__).resolve().parent)]
from judge_stream import stream  # noqa: E402
from rig import HandmadeProblem, Rig, vector_add  # noqa: E402

M = 1 << 20
LANES_MAX = 3
WARMING, EACH = 4, 40
HUNDRED = {"runsMin": 100, "runsMax": 100, "warmupRuns": 3, "caseBudgetMs": 5000, "targetRelativeCi": 1e-9, "baselineAgeMsMax": 3_600_000}
# As kernels/vector_add has it.
CHECKS = {"one": 1, "odd": 1_000_003, "warp": 4096, "all_magnitudes": 4099, "rare_magnitudes": 40_009}
BENCH = {"4M": 4 * M, "8M": 8 * M, "16M": 16 * M}
# Nobody reaches it: by the floors alone, which are a nanosecond's share of 0.8 of what the baseline takes about.
NS_PER_ELEMENT = 12 / 4000
FLOOR_SHARE = 0.8


def lanes(rig: Rig) -> None:
    baseline = (ROOT / "kernels" / "vector_add" / "baseline.cu").read_text()
    cases = {**{name: ("check", n) for name, n in CHECKS.items()}, **{name: ("bench", n) for name, n in BENCH.items()}}
    problem = vector_add(rig.kind, cases)
    race = {"speedup": 1.5, "timeNs": 1.0, "leastNs": {name: FLOOR_SHARE * NS_PER_ELEMENT * n for name, n in BENCH.items()}}
    rigs = [rig, *(Rig(rig.kind, rig.cache, rig.device_id) for _ in range(LANES_MAX - 1))]
    try:
        for what, changes in (("timed to the end", {}), ("stopped early", {"race": race})):
            for count in (*range(1, LANES_MAX + 1), 1):
                report(what, judged(rigs[:count], problem, baseline, {"timing": HUNDRED, **changes}))
    finally:
        for other in rigs[1:]:
            other.close()


def judged(rigs: list[Rig], problem: HandmadeProblem, source: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The baseline's own code, under names that differ, by all judges at once: each has all of them."""
    for rig in rigs:
        rig.give(problem)
        for number in range(WARMING):
            rig.judge(problem, f"{source}// {number}\n", timing=HUNDRED)
    tasks = [[rig.task(problem, f"{source}// {n}\n", **changes) for n in range(EACH)] for rig in rigs]
    results: list[list[dict]] = [[] for _ in rigs]
    started = time.monotonic()
    at_once([lambda lane=lane, rig=rig: results[lane].extend(stream(rig, tasks[lane])) for lane, rig in enumerate(rigs)])
    spent = time.monotonic() - started
    return {"lanes": len(rigs), "spent": spent, "results": [one for of_lane in results for one in of_lane]}


def at_once(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def report(what: str, found: dict[str, Any]) -> None:
    results = found["results"]
    passed = [one["outcome"] for one in results if one["outcome"] and one["outcome"]["verdict"] == "passed"]
    stopped = sum("stopped" in outcome for outcome in passed)
    rate = f"{len(results) / found['spent']:.1f} candidates/s"
    print(f"{what}, {found['lanes']} judges: {rate}, {len(passed)} of {len(results)} passed, {stopped} of them stopped")
    for place, case in enumerate(BENCH):
        timings = [outcome["timings"][place] for outcome in passed]
        again = sum(timing["method"] == "paired" for timing in timings)
        medians = [timing["candidate"]["medianNs"] / 1e3 for timing in timings]
        speedups = [timing["speedup"] for timing in timings]
        spread = 100 * statistics.pstdev(medians) / statistics.mean(medians)
        print(f"  {case}: median {statistics.median(medians):.2f} us, CV {spread:.2f} %, speed-up {statistics.mean(speedups):.4f}, {again} in pairs")
