"""Units, problems and tasks for runner tests, as small as the protocol allows."""
import hashlib
import itertools
from typing import Optional

_counter = itertools.count(1)
TIMING = {
    "method": "cached", "warmupRuns": 1, "runsMin": 5, "runsMax": 10, "targetRelativeCi": 0.5, "caseBudgetMs": 50,
    "baselineAgeMsMax": 60000,
}
GOOD_C = """void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
"""


NORMAL = {"kind": "normal", "mean": 0, "std": 1}


def attempt(number: Optional[int] = None) -> str:
    return f"c-{hashlib.md5(str(number or next(_counter)).encode()).hexdigest()}.1"


def c_unit(source: str = GOOD_C, **params: object) -> dict:
    return {
        "language": "c", "source": source, "params": params, "architecture": "native", "kernels": [], "numWarps": None,
        "numStages": None,
    }


def cuda_unit(source: str, **params: object) -> dict:
    return {**c_unit(source, **params), "language": "cuda", "architecture": "sm_90a"}


def plan(kernel: str = "vector_add", elements: int = 1000) -> dict:
    names = [{"kind": "tensor", "name": name} for name in ("a", "b", "out")]
    launch = {
        "kernel": kernel, "grid": [1, 1, 1], "block": [1, 1, 1], "cluster": None, "shared": 0,
        "args": [*names, {"kind": "scalar", "dtype": "i32", "value": elements}],
    }
    return {"launches": [launch], "scratch": {}}


def problem(unit: dict, cases: int = 1, elements: int = 1000) -> dict:
    tensors = [
        {"name": name, "dtype": "f32", "elements": elements, "role": role, "distribution": NORMAL}
        for name, role in (("a", "in"), ("b", "in"), ("out", "out"))
    ]
    launches = plan(elements=elements)
    bodies = [
        {"name": f"case-{index}", "kind": "bench", "tensors": tensors, "reference": launches, "baseline": launches}
        for index in range(cases)
    ]
    return {
        "key": hashlib.sha256(f"{unit}{cases}".encode()).hexdigest(), "name": "vector_add",
        "tolerance": {"rtol": 0, "atol": 0, "relative_l2": 1e-7}, "cases": bodies, "reference": unit, "baseline": unit,
    }


def task(definition: dict, artifact: str, device_id: str, attempt_id: str, limit_ms: float = 600_000, waited_ms: float = 0) -> dict:
    return {
        "attemptId": attempt_id, "deviceId": device_id, "problemKey": definition["key"], "artifact": artifact,
        "plans": {case["name"]: plan() for case in definition["cases"]}, "timing": TIMING, "record": None, "limitMs": limit_ms,
        "waitedMs": waited_ms,
    }


def attempts(count: int) -> list[str]:
    return [attempt() for _ in range(count)]
