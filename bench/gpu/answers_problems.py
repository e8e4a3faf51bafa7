"""The problems that bench/gpu/answers-check judges on: those of kernels/ with a case to check and one or two to time, as a daemon would send them."""
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "python" / "judge"))
from rig import header_of  # noqa: E402

NORMAL: dict[str, Any] = {"kind": "normal", "mean": 0, "std": 1}
WEIGHT: dict[str, Any] = {"kind": "uniform", "low": 0.5, "high": 1.5}


class Problem(NamedTuple):
    """`tensors`: name, dtype, axes, role, distribution. `cases`: name -> (kind, shape). `scalars`: of dtype f32."""

    folder: str
    tensors: list[tuple[str, str, list[str], str, dict[str, Any]]]
    cases: dict[str, tuple[str, dict[str, int]]]
    tolerance: dict[str, float]
    scalars: Mapping[str, float] = MappingProxyType({})

    def definition(self, architecture: str) -> dict[str, Any]:
        sides = {side: (ROOT / "kernels" / self.folder / f"{side}.cu").read_text() for side in ("reference", "baseline")}
        cases = [
            {
                "name": name, "kind": kind, "tensors": [self._tensor(tensor, shape) for tensor in self.tensors],
                **{side: self._plan(header_of(source), shape) for side, source in sides.items()},
            }
            for name, (kind, shape) in self.cases.items()
        ]
        units = {side: _unit(source, architecture) for side, source in sides.items()}
        key = hashlib.sha256(json.dumps([cases, units, self.tolerance], sort_keys=True).encode()).hexdigest()
        return {"key": key, "name": self.folder, "tolerance": self.tolerance, "cases": cases, **units}

    def recorded_cases(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "tensors": [
                {"name": tensor, "dtype": dtype, "shape": [shape[axis] for axis in axes], "role": role, "distribution": distribution}
                for tensor, dtype, axes, role, distribution in self.tensors
            ]}
            for name, (_, shape) in self.cases.items()
        ]

    def _tensor(self, tensor: tuple[str, str, list[str], str, dict[str, Any]], shape: dict[str, int]) -> dict[str, Any]:
        name, dtype, axes, role, distribution = tensor
        elements = 1
        for axis in axes:
            elements *= shape[axis]
        return {"name": name, "dtype": dtype, "elements": elements, "role": role, "distribution": distribution}

    def _plan(self, header: dict[str, Any], shape: dict[str, int]) -> dict[str, Any]:
        [launch] = header["launches"]
        return {
            "launches": [{
                "kernel": launch["kernel"], "grid": _dims(launch["grid"], shape), "block": _dims(launch["block"], shape), "cluster": None,
                "shared": 0, "args": [self._argument(name.strip(), shape) for name in launch["args"].split(",")],
            }],
            "scratch": {},
        }

    def _argument(self, name: str, shape: dict[str, int]) -> dict[str, Any]:
        if name in shape:
            return {"kind": "scalar", "dtype": "i32", "value": shape[name]}
        if name in self.scalars:
            return {"kind": "scalar", "dtype": "f32", "value": self.scalars[name]}
        return {"kind": "tensor", "name": name}


def _unit(source: str, architecture: str) -> dict[str, Any]:
    return {
        "language": "cuda", "source": source, "params": {}, "architecture": architecture, "kernels": [], "numWarps": None, "numStages": None,
    }


def _dims(text: str, shape: dict[str, int]) -> list[int]:
    """Of files in this repository only."""
    return ([*eval(f"[{text}]", {**shape, "ceil_div": lambda a, b: -(-a // b)}), 1, 1])[:3]


M = 1 << 20
PROBLEMS = {
    "vector_add": Problem(
        "vector_add", [("a", "f32", ["n"], "in", NORMAL), ("b", "f32", ["n"], "in", NORMAL), ("out", "f32", ["n"], "out", NORMAL)],
        {"odd": ("check", {"n": 1_000_003}), "1M": ("bench", {"n": M}), "16M": ("bench", {"n": 16 * M})},
        {"rtol": 0, "atol": 0, "relative_l2": 1e-7},
    ),
    "small_add": Problem(
        "vector_add", [("a", "f32", ["n"], "in", NORMAL), ("b", "f32", ["n"], "in", NORMAL), ("out", "f32", ["n"], "out", NORMAL)],
        {"odd": ("check", {"n": 1003}), "4k": ("bench", {"n": 4096})}, {"rtol": 0, "atol": 0, "relative_l2": 1e-7},
    ),
    "softmax": Problem(
        "softmax", [("x", "f32", ["rows", "cols"], "in", NORMAL), ("out", "f32", ["rows", "cols"], "out", NORMAL)],
        {"odd": ("check", {"rows": 7, "cols": 1023}), "attention_1k": ("bench", {"rows": 16384, "cols": 1024})},
        {"rtol": 3e-4, "atol": 1e-8, "relative_l2": 2e-4},
    ),
    "rmsnorm": Problem(
        "rmsnorm", [
            ("x", "bf16", ["rows", "cols"], "in", NORMAL), ("weight", "bf16", ["cols"], "in", WEIGHT),
            ("out", "bf16", ["rows", "cols"], "out", NORMAL),
        ],
        {"odd": ("check", {"rows": 33, "cols": 1024}), "llama_8b": ("bench", {"rows": 4096, "cols": 4096})},
        {"rtol": 0.016, "atol": 1e-5, "relative_l2": 2.5e-3}, {"eps": 1e-5},
    ),
    "matmul": Problem(
        "matmul", [("a", "f16", ["m", "k"], "in", NORMAL), ("b", "f16", ["n", "k"], "in", NORMAL), ("c", "f16", ["m", "n"], "out", NORMAL)],
        {"small": ("check", {"m": 64, "n": 128, "k": 64}), "square_4096": ("bench", {"m": 4096, "n": 4096, "k": 4096})},
        {"rtol": 2e-3, "atol": 2e-2, "relative_l2": 1e-3},
    ),
}
