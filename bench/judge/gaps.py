#!/usr/bin/env python3
"""What a judgement costs the judge's processor, and how long the device waits for it, without a GPU: over a driver that plays how long things take
(played_cuda.c). The stream is that of bench/gpu/throughput: vector_add of three sizes, 100 timed runs a case, one candidate after the other.

usage: bench/judge/gaps.py [--tree FOLDER] [--candidates N] [--shipped] [--losers] [--profile FILE] [--where] [--scale X] [--calls X]
  --tree: the checkout whose judge is measured (default: this one)
  --shipped: the cases of kernels/vector_add with a hidden one, instead; --losers: nobody comes near the front, so that most of it is checks
  --profile: writes what cProfile says to this file as well; the other figures are then too large
  --where: also lists the places in the judge that gave the device something after it had waited, with who called them
  --scale: how many times as long as here Python takes on the machine that is played; --calls: the same of a call of the driver
"""
import argparse
import cProfile
import ctypes
import gc
import hashlib
import importlib
import json
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
M = 1 << 20
SIZES = {"4M": 4 * M, "8M": 8 * M, "16M": 16 * M}
# As kernels/vector_add has it, and of the shapes that a hidden case may have one.
SHIPPED = {"one": 1, "odd": 1_000_003, "warp": 4096, "all_magnitudes": 4099, "rare_magnitudes": 40_009}, {"4M": 4 * M, "16M": 16 * M, "64M": 64 * M}
HIDDEN = 150_001
# A front that is out of reach by the floors alone, which are this share of what the baseline takes: who races for it is stopped after its first
# warm-up.
OUT_OF_REACH: "dict[str, Any]" = {"speedup": 1.5, "timeNs": 1.0}
FLOOR_SHARE = 0.8
HUNDRED = {
    "method": "cached", "warmupRuns": 3, "runsMin": 100, "runsMax": 100, "caseBudgetMs": 5000, "targetRelativeCi": 1e-9,
    "baselineAgeMsMax": 3_600_000,
}
WARMING = 5
# Kinds of gaps, and functions of a profile, that are listed.
BUSIEST, SHOWN, PROFILED = 10, 16, 200
# Of a place, so many functions: itself and who called it.
CALLERS = 12
DEVICE = "GPU-played"
KINDS_MAX, PLACES = 64, ("idle_between", "gaps_between")
# Of the candidates those that took the least processor time: what else the machine does makes the others slow.
BEST_SHARE = 0.25


class Figures(ctypes.Structure):
    """As played_cuda.c has it."""

    _fields_ = [
        *((name, ctypes.c_double) for name in ("now", "cpu", "busy", "idle")), *((name, ctypes.c_uint64) for name in ("gaps", "calls")),
        ("busy_with", ctypes.c_double * KINDS_MAX),
        ("idle_between", ctypes.c_double * KINDS_MAX**2), ("gaps_between", ctypes.c_uint64 * KINDS_MAX**2),
    ]


class Played:
    """The library that plays the driver."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "libcuda.so.1"
        subprocess.run([shutil.which("gcc") or "cc", "-O2", "-shared", "-fPIC", "-o", str(self.path), str(HERE / "played_cuda.c")], check=True)
        self.lib = ctypes.CDLL(str(self.path))
        self.lib.played_name.restype = ctypes.c_char_p
        self.lib.played_scale.argtypes = self.lib.played_costs.argtypes = [ctypes.c_double]
        self.seen: list[Figures] = []

    def look(self) -> None:
        self.lib.played_pause()
        self.seen.append(Figures())
        self.lib.played_figures(ctypes.byref(self.seen[-1]))
        self.lib.played_resume()

    def names(self) -> "list[str]":
        return [self.lib.played_name(n).decode() for n in range(self.lib.played_kinds())]


class Places:
    """Who gives the device something after it waited: the innermost functions of the judge, and for how long it did."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, int]] = {}
        self.callback = ctypes.CFUNCTYPE(None, ctypes.c_double)(self._on_gap)

    def _on_gap(self, waited_ns: float) -> None:
        calls, frame = list[str](), sys._getframe(1)
        while frame is not None and len(calls) < CALLERS:
            code = frame.f_code
            if "/driver.py" not in code.co_filename:
                calls.append(f"{Path(code.co_filename).stem}.{code.co_name}:{frame.f_lineno}")
            frame = frame.f_back
        key = " < ".join(calls)
        spent, count = self._found.get(key, (0.0, 0))
        self._found[key] = (spent + waited_ns, count + 1)

    def print(self, candidates: int) -> None:
        for key, (spent, count) in sorted(self._found.items(), key=lambda one: -one[1][0])[:SHOWN]:
            print(f"  {spent / 1e3 / candidates:8.1f} us in {count / candidates:5.1f} gaps: {key}")


class Stream:
    """Frames into the judge and out of it: the next candidate always waits in its pipe."""

    def __init__(self, tasks: "list[dict[str, Any]]", encode: Any, on_result: "Callable[[int], None]") -> None:
        self._frames = [encode({"type": "judge", "task": task}) for task in tasks]
        self._upcoming = [encode(upcoming(task)) for task in tasks]
        self._read, self._write = os.pipe()
        self._next, self.results, self._on_result = 0, list[Any](), on_result

    @property
    def descriptor(self) -> int:
        return self._read

    def put(self, frame: bytes) -> None:
        os.write(self._write, frame)

    def feed(self) -> None:
        if self._next == len(self._frames):
            os.close(self._write)
        else:
            self.put((self._upcoming[self._next] if self._next else b"") + self._frames[self._next])
        self._next += 1

    def send(self, header: "dict[str, Any]") -> None:
        if header["type"] == "result":
            self.results.append(header)
            self._on_result(len(self.results))
            if self._next <= len(self._frames):
                self.feed()


def upcoming(task: "dict[str, Any]") -> "dict[str, Any]":
    kernels = sorted({launch["kernel"] for plan in task["plans"].values() for launch in plan["launches"]})
    return {"type": "upcoming", "attemptId": task["attemptId"], "programs": {"candidate": {"artifact": task["artifact"], "kernels": kernels}}}


def baseline(elements: int) -> "dict[str, Any]":
    """As the played device runs it."""
    ns = 2000 + 12 * elements / 3900 + 300
    edges = {"minNs": ns * 0.99, "p10Ns": ns * 0.995, "p95Ns": ns * 1.01, "ciLowNs": ns * 0.999, "ciHighNs": ns * 1.001}
    return {"runs": 100, "batch": 1, "medianNs": ns, "trimmedMeanNs": ns, **edges}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tree", type=Path, default=HERE.parents[1])
    parser.add_argument("--candidates", type=int, default=40)
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--losers", action="store_true")
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--calls", type=float, default=1.0)
    options = parser.parse_args()
    tree = options.tree.resolve()
    sys.path[:0] = [str(tree / "src" / "gpu" / "runner"), str(tree / "test" / "python" / "judge")]
    # What an older checkout has not.
    sys.path.append(str(HERE.parents[1] / "test" / "python" / "judge"))
    with tempfile.TemporaryDirectory() as folder:
        played = Played(Path(folder))
        played.lib.played_scale(options.scale)
        played.lib.played_costs(options.calls)
        measure(played, Path(folder), options)
    return 0


class Judge:
    """The judge of the checkout whose modules come first, in this process, over the played driver."""

    def __init__(self, played: Played, cache: Path, options: argparse.Namespace) -> None:
        self._played, self._cache = played, cache
        checks, self._timed = SHIPPED if options.shipped else (dict[str, int](), SIZES)
        self._rig, elf = importlib.import_module("rig"), importlib.import_module("small_elf")
        self._encode = importlib.import_module("kiln_runner.frames").encode
        self._code = elf.elf_of([("vector_add", elf.FUNCTION, elf.ENTRY, 1)])
        cases = {**{name: ("check", n) for name, n in checks.items()}, **{name: ("bench", n) for name, n in self._timed.items()}}
        self._problem = self._rig.vector_add("gpu", cases)
        self._more: dict[str, Any] = {}
        if options.shipped:
            hidden = self._rig.vector_add("gpu", {"hidden": ("check", HIDDEN)})
            plan = hidden.plans(self._rig.header_of(hidden.baseline))["hidden"]
            self._more["hidden"] = {"kind": "case", "case": hidden.definition["cases"][0], "plan": plan}
        if options.losers:
            floors = {name: FLOOR_SHARE * baseline(n)["medianNs"] for name, n in self._timed.items()}
            self._more["race"] = {**OUT_OF_REACH, "leastNs": floors}

    def tasks(self, count: int) -> "list[dict[str, Any]]":
        plans = self._problem.plans(self._rig.header_of(self._problem.baseline))
        rest = {"problemKey": self._problem.key, "plans": plans, "timing": HUNDRED, "record": None, "limitMs": 60_000, "waitedMs": 0, **self._more}
        return [{"attemptId": f"c-{n:032x}.1", "deviceId": DEVICE, "artifact": self._artifact(str(n)), **rest} for n in range(count)]

    def run(self, tasks: "list[dict[str, Any]]", on_result: "Callable[[int], None]") -> Stream:
        stream = Stream(tasks, self._encode, on_result)
        known = [{"case": name, "batch": 1, "statistics": baseline(n), "measuredAtNs": time.monotonic_ns()} for name, n in self._timed.items()]
        artifacts = {f"{side}Artifact": self._artifact(side) for side in ("reference", "baseline")}
        stream.put(self._encode({"type": "known", "problemKey": self._problem.key, "trusted": list(self._problem.cases), "baselines": known}))
        stream.put(self._encode({"type": "problem", "definition": self._problem.definition, **artifacts}))
        stream.feed()
        stream.feed()
        driver, device = (importlib.import_module(f"kiln_runner.judge.gpu.{name}") for name in ("driver", "device"))
        service, inbox, lock = (importlib.import_module(f"kiln_runner.judge.{name}") for name in ("service", "inbox", "device_lock"))
        driver.LIBRARY, device.helper_image = str(self._played.path), lambda _cache, _architecture: b"played"
        around = service.Surroundings(lock.DeviceLock(str(self._cache / "device.lock")), self._cache, stream.send, lambda: None, False)
        service.Service(device.GpuDevice(DEVICE, 0, self._cache), around).serve(inbox.Inbox(stream.descriptor))
        return stream

    def _artifact(self, name: str) -> str:
        digest = hashlib.sha256(name.encode()).hexdigest()
        folder = self._cache / "artifacts" / digest
        folder.mkdir(parents=True)
        (folder / "code.cubin").write_bytes(self._code)
        meta = {"language": "cuda", "kernels": {}, "sha256": {"code.cubin": hashlib.sha256(self._code).hexdigest()}}
        (folder / "meta.json").write_text(json.dumps(meta))
        return digest


def measure(played: Played, cache: Path, options: argparse.Namespace) -> None:
    judge, profiler, places = Judge(played, cache, options), cProfile.Profile(), Places()

    def on_result(count: int) -> None:
        if count == WARMING:
            gc.collect()
            if options.profile:
                profiler.enable()
            if options.where:
                played.lib.played_on_gap(places.callback)
        if count >= WARMING:
            played.look()
        if count == WARMING + options.candidates:
            profiler.disable()
            played.lib.played_on_gap(None)

    report(played, judge.run(judge.tasks(WARMING + options.candidates), on_result))
    places.print(options.candidates)
    if options.profile:
        with options.profile.open("w") as out:
            pstats.Stats(profiler, stream=out).sort_stats("tottime").print_stats(PROFILED)


def report(played: Played, stream: Stream) -> None:
    wrong = [result for result in stream.results if (result["outcome"] or {}).get("verdict") != "passed"]
    if wrong:
        raise SystemExit(f"{len(wrong)} of {len(stream.results)} did not pass: {json.dumps(wrong[0])[:2000]}")
    methods = sorted({timing["method"] for result in stream.results[WARMING:] for timing in result["outcome"]["timings"]})
    pairs = sorted(zip(played.seen, played.seen[1:]), key=lambda pair: pair[1].cpu - pair[0].cpu)
    best = pairs[: max(1, int(BEST_SHARE * len(pairs)))]

    def each(name: str) -> float:
        return statistics.mean(getattr(after, name) - getattr(before, name) for before, after in best)

    print(f"played: {1e9 / each('now'):.2f} candidates/s, {each('now') / 1e6:.2f} ms each, {'/'.join(methods)}, the best {len(best)} of {len(pairs)}")
    print(f"  the device works {each('busy') / 1e6:.2f} ms, waits {each('idle') / 1e6:.2f} ms in {each('gaps'):.0f} gaps")
    print(f"  the judge's own processor time {each('cpu') / 1e6:.2f} ms, {each('calls'):.0f} calls of the driver")
    names, waits = played.names(), list[tuple[float, float, str]]()
    busy = sorted(((statistics.mean(two.busy_with[n] - one.busy_with[n] for one, two in best), name) for n, name in enumerate(names)), reverse=True)
    print("  " + ", ".join(f"{name} {spent / 1e3:.0f} us" for spent, name in busy[:BUSIEST]))
    for before, after in ((before, after) for before in range(len(names)) for after in range(len(names))):
        place = before * KINDS_MAX + after
        spent, count = (statistics.mean(getattr(two, of)[place] - getattr(one, of)[place] for one, two in best) for of in PLACES)
        waits.append((spent, count, f"{names[before]} -> {names[after]}"))
    for spent, count, between in sorted(waits, reverse=True)[:SHOWN]:
        print(f"  {spent / 1e3:8.1f} us in {count:5.1f} gaps: {between}")


if __name__ == "__main__":
    sys.exit(main())
