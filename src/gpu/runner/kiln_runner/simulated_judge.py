"""`simulated-judge`: speaks the judge protocol without a device. Every task passes after KILN_SIMULATED_JUDGE_MS milliseconds, but for code
that a simulated compiler made wrongly (compile/simulated.py).

Timings follow from the artifact's hash, so that the same candidate always measures the same: speed-ups between 0.5 and 2. Programs that
are called say what their times to answers leave open.
"""
import argparse
import os
import sys
import time
from typing import BinaryIO, NamedTuple

from kiln_runner.compile.simulated import ANSWERING, WRONG
from kiln_runner.frames import encode, read_frame
from kiln_runner.host.simulated_gpus import simulated_gpus
from kiln_runner.protocol import Json, JudgeTask, ProblemDefinition, Telemetry

MS_VARIABLE = "KILN_SIMULATED_JUDGE_MS"
BASELINE_NS = 100_000.0
HALF_INTERVAL = 0.001
RUNS = 100
UNCERTAINTY_NS, NULL_NS = 8_400.0, 295_000.0
WARM_C, WARM_SPREAD_C = 52, 9
# Shares of a real judgement: most of it is the timed section.
LOAD_SHARE, CHECK_SHARE, MEASURE_SHARE = 0.01, 0.04, 0.95


class _Around(NamedTuple):
    """What a judge has all its life: the device as it is told of, where code lies, and how long a judgement takes."""

    telemetry: Telemetry
    artifacts: str
    total_ms: float
    frames_out: BinaryIO


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="simulated-judge")
    for name in ("kind", "device", "ordinal", "cache", "lock"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--standby", action="store_true")
    options = parser.parse_args(argv)
    device = next(entry for entry in simulated_gpus() if entry["id"] == options.device)
    frames_out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    frames_out.write(encode({"type": "ready", "device": device}))
    around = _Around(
        _telemetry(options.device), os.path.join(options.cache, "artifacts"), float(os.environ.get(MS_VARIABLE, "0")), frames_out,
    )
    problems: dict[str, ProblemDefinition] = {}
    while True:
        frame = read_frame(sys.stdin.buffer)
        if frame is None or frame[0]["type"] == "exit":
            return 0
        header = frame[0]
        if header["type"] == "problem":
            problems[header["definition"]["key"]] = header["definition"]
        elif header["type"] == "canary":
            frames_out.write(encode({"type": "canary", "ok": True, "message": "", "ms": 0}))
        elif header["type"] == "judge":
            _judge(header["task"], problems[header["task"]["problemKey"]], around)


def _judge(task: JudgeTask, problem: ProblemDefinition, around: _Around) -> None:
    start, total_ms, frames_out = time.monotonic(), around.total_ms, around.frames_out
    first = problem["cases"][0]["name"]
    frames_out.write(encode({"type": "phase", "attemptId": task["attemptId"], "phase": "measure", "case": first}))
    if total_ms > 0:
        time.sleep(total_ms / 1000)
    outcome = _wrong(first) if _is_wrong(f"{around.artifacts}/{task['artifact']}/code.cubin") else _passed(task, problem, around)
    phases = {
        "loadMs": total_ms * LOAD_SHARE, "checkMs": total_ms * CHECK_SHARE, "measureMs": total_ms * MEASURE_SHARE,
        # As it was: a busy machine wakes a sleeper late.
        "lockMs": 0, "totalMs": (time.monotonic() - start) * 1000,
    }
    frames_out.write(encode({
        "type": "result", "attemptId": task["attemptId"], "outcome": outcome, "infra": None, "phases": phases,
        "telemetry": around.telemetry, "contextLost": False,
    }))


def _passed(task: JudgeTask, problem: ProblemDefinition, around: _Around) -> Json:
    bench = [case["name"] for case in problem["cases"] if case["kind"] == "bench"] or [problem["cases"][0]["name"]]
    # Kernels have plans, and are not looked at any closer.
    answers = not task["plans"] and os.path.exists(f"{around.artifacts}/{task['artifact']}/{ANSWERING}")
    said: Json = {"answers": {"semantics": "released", "uncertaintyNs": UNCERTAINTY_NS, "nullNs": NULL_NS}} if answers else {}
    return {"verdict": "passed", "timings": [{**_timing(task, case), **said} for case in bench], "checkedCases": len(problem["cases"])}


def _is_wrong(code: str) -> bool:
    """Without a Path or a file object, each of which takes longer than all the rest of such a judgement: benchmarks count it."""
    try:
        descriptor = os.open(code, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return os.read(descriptor, len(WRONG)) == WRONG
    finally:
        os.close(descriptor)


def _wrong(case: str) -> Json:
    mismatch = {"tensor": "out", "index": 0, "actual": "0", "expected": "1", "mismatches": 1, "elements": 1, "relativeL2": "1"}
    return {"verdict": "wrong_answer", "case": case, "stage": "check", "mismatch": mismatch}


def _telemetry(device_id: str) -> Telemetry:
    """A device that is warm and as fast as it may be; each is another one."""
    return {
        "deviceId": device_id, "smClockMhz": 1980, "memoryClockMhz": 2619, "powerW": 420.0,
        "temperatureC": WARM_C + int(device_id.rsplit("-", 1)[-1]) % WARM_SPREAD_C, "throttleReasons": [],
    }


def _timing(task: JudgeTask, case: str) -> Json:
    speedup = _speedup(task["artifact"])
    timing: Json = {
        "case": case, "candidate": _statistics(BASELINE_NS / speedup), "baseline": _statistics(BASELINE_NS),
        "method": task["timing"]["method"], "speedup": speedup, "speedupLow": speedup * (1 - HALF_INTERVAL),
        "speedupHigh": speedup * (1 + HALF_INTERVAL),
    }
    if task["record"] is not None:
        ratio = speedup / _speedup(task["record"]["artifact"])
        timing["record"] = {"ratio": ratio, "ratioLow": ratio * (1 - HALF_INTERVAL), "ratioHigh": ratio * (1 + HALF_INTERVAL)}
    return timing


def _statistics(median_ns: float) -> Json:
    return {
        "runs": RUNS, "batch": 1, "medianNs": median_ns, "trimmedMeanNs": median_ns, "minNs": median_ns * 0.99,
        "p95Ns": median_ns * 1.01, "ciLowNs": median_ns * (1 - HALF_INTERVAL), "ciHighNs": median_ns * (1 + HALF_INTERVAL),
    }


def _speedup(artifact: str) -> float:
    return 0.5 + 1.5 * int(artifact[:8], 16) / 0xFFFFFFFF
