"""A judge process as the runner server starts one, problems and artifacts made by hand, and the frames between them."""
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parents[3]
RUNNER = ROOT / "src" / "gpu" / "runner"
CORPUS = ROOT / "test" / "corpus"
sys.path.insert(0, str(RUNNER))

from kiln_runner.frames import encode, read_frame  # noqa: E402
from kiln_runner.judge.gpu.helper_image import find_nvcc, find_nvrtc  # noqa: E402

TIMING = {
    "method": "cached",
    "warmupRuns": 2,
    "runsMin": 10,
    "runsMax": 20,
    "targetRelativeCi": 0.02,
    "caseBudgetMs": 1000,
    "baselineAgeMsMax": 600_000,
}
# As kernels/vector_add has it.
ALL_MAGNITUDES = {
    "kind": "mixture",
    "of": [
        {"share": 0.25, "kind": "zeros"},
        {"share": 0.25, "kind": "subnormal"},
        {"share": 0.25, "kind": "exponents", "low": -126, "high": 126},
        {"share": 0.25, "kind": "normal", "mean": 0, "std": 1},
    ],
}
# Nearly all of it looks plain.
RARE_ZEROS, RARE_SUBNORMAL = (
    {"kind": "mixture", "of": [{"share": 0.05, "kind": kind}, {"share": 0.95, "kind": "normal", "mean": 0, "std": 1}]}
    for kind in ("zeros", "subnormal")
)
C_FLAGS = ["-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC"]


class Rig:
    """One judge process over one cache folder. `close` ends it with its whole process group."""

    def __init__(self, kind: str, cache: Path, device: str = "cpu-test-0", arguments: Sequence[str] = ()) -> None:
        self.kind, self.cache, self.device_id, self._more = kind, cache, device, list(arguments)
        self.phases: list[tuple[str, str]] = []
        self.learned: list[dict] = []
        self.waits: list[bool] = []
        self._sent: dict[str, bool] = {}
        self._attempts = 0
        self.process: Optional[subprocess.Popen] = None
        self.ready: dict = {}
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "kiln_runner", "judge", "--kind", self.kind, "--device", self.device_id, "--ordinal", "0"]
        command += ["--cache", str(self.cache), "--lock", str(self.cache / "device.lock"), *self._more]
        environment = {**os.environ, "PYTHONPATH": str(RUNNER)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        self._sent.clear()
        self.ready = self.read()["device"]

    def send(self, header: dict) -> None:
        self.process.stdin.write(encode(header))
        self.process.stdin.flush()

    def read(self) -> dict:
        """The next frame; those that answer nothing are put into `learned`."""
        while True:
            frame = read_frame(self.process.stdout)
            if frame is None:
                raise EOFError(f"the judge ended with {self.process.wait()}")
            if frame[0]["type"] != "learned":
                return frame[0]
            self.learned.append(frame[0])

    def close(self) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    def become(self, standby: "Rig") -> None:
        """Goes on with another judge's process."""
        self.close()
        self.process, self.ready, self._sent = standby.process, standby.ready, standby._sent

    def give(self, problem: "HandmadeProblem") -> None:
        if problem.key not in self._sent:
            self._sent[problem.key] = True
            reference, baseline = (self.artifact(unit) for unit in (problem.reference, problem.baseline))
            self.send({"type": "problem", "definition": problem.definition, "referenceArtifact": reference, "baselineArtifact": baseline})

    def task(self, problem: "HandmadeProblem", source: str, **changes: object) -> dict:
        """A JudgeTask. `timing`, `plans` (case -> plan), `record` and `race` may be given."""
        self._attempts += 1
        plans = changes.get("plans") or problem.plans(header_of(source))
        return {
            "attemptId": f"c-{hashlib.sha256(source.encode()).hexdigest()[:32]}.{self._attempts}",
            "deviceId": self.device_id,
            "problemKey": problem.key,
            "artifact": self.artifact(source),
            "plans": plans,
            "timing": {**TIMING, **(changes.get("timing") or {})},
            "record": changes.get("record"),
            "limitMs": 60_000,
            "waitedMs": 0,
            **({"race": changes["race"]} if changes.get("race") else {}),
        }

    def judge(self, problem: "HandmadeProblem", source: str, **changes: object) -> dict:
        """The `result` frame."""
        task = self.task(problem, source, **changes)
        self.give(problem)
        self.send({"type": "judge", "task": task})
        return self.result()

    def result(self) -> dict:
        self.phases = []
        while True:
            frame = self.read()
            if frame["type"] == "waiting":
                self.waits.append(frame["begins"])
            elif frame["type"] != "phase":
                return frame
            else:
                self.phases.append((frame["phase"], frame["case"]))

    def artifact(self, source: str) -> str:
        """Compiles it into the cache as the runner's compile pool would; the hash."""
        digest = artifact_hash(self.kind, source)
        folder = self.cache / "artifacts" / digest
        if not folder.exists():
            folder.mkdir(parents=True)
            file = folder / ("source.cu" if self.kind == "gpu" else "source.c")
            file.write_text(source)
            self._compile(file, folder)
            code = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("code.*")}
            meta = {"language": "cuda" if self.kind == "gpu" else "c", "kernels": {}, "sha256": code}
            (folder / "meta.json").write_text(json.dumps(meta))
        return digest

    def _compile(self, file: Path, folder: Path) -> None:
        if self.kind == "cpu":
            command = ["gcc", *C_FLAGS, "-o", str(folder / "code.so"), str(file), "-lm"]
        elif find_nvrtc():
            script = (RUNNER / "kiln_runner" / "judge" / "gpu" / "nvrtc_compile.py").read_text()
            command = [sys.executable, "-c", script, find_nvrtc(), self.ready["architecture"], str(file), str(folder / "code.cubin")]
        else:
            target = self.ready["architecture"]
            flag = f"-gencode=arch={target.replace('sm_', 'compute_')},code={target}"
            command = [find_nvcc() or "nvcc", "-cubin", flag, "-o", str(folder / "code.cubin"), str(file)]
        subprocess.run(command, check=True)


def compiles_alone(source: str) -> bool:
    """Of a file of the corpus: for vector_add, without headers, params, conditions, options or instances of templates, which a bare judge has nobody
    to resolve."""
    return not re.search(r"problem: \w|kernel: \"?\w+<|^(params|compile|constraints):|when: |^\s*#\s*include", source, re.M)


def artifact_hash(kind: str, source: str) -> str:
    return hashlib.sha256(f"{kind}\0{source}".encode()).hexdigest()


class HandmadeProblem:
    """A one-dimensional problem over n: what the daemon would send, without its YAML. A tensor may have another number of `elements`."""

    def __init__(self, name: str, tensors: list[dict], reference: str, baseline: str, cases: dict[str, tuple[str, int]]) -> None:
        self.name, self.tensors, self.reference, self.baseline = name, tensors, reference, baseline
        self.cases = cases
        # Of the timed cases: [{name, distributions: tensor -> distribution}].
        self.hard: list[dict] = []
        self.tolerance = {"rtol": 0, "atol": 0, "relative_l2": 1e-7}

    @property
    def key(self) -> str:
        parts = (self.name, self.tensors, self.reference, self.baseline, self.cases, self.tolerance, self.hard)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @property
    def definition(self) -> dict:
        return {
            "key": self.key,
            "name": self.name,
            "tolerance": self.tolerance,
            "cases": [
                {
                    "name": name,
                    "kind": kind,
                    "tensors": [{"elements": n, **tensor} for tensor in self.tensors],
                    "reference": resolve(header_of(self.reference), self.tensors, n),
                    "baseline": resolve(header_of(self.baseline), self.tensors, n),
                    **({"hard": self.hard} if kind == "bench" and self.hard else {}),
                }
                for name, (kind, n) in self.cases.items()
            ],
        }

    def plans(self, header: dict) -> dict:
        return {name: resolve(header, self.tensors, n) for name, (_, n) in self.cases.items()}


def header_of(source: str) -> dict:
    """The fields of a kiln header that kernels/vector_add and the corpus use. The real parser is the daemon's."""
    header = source.split("*/", 1)[0]
    launches = [_launch_of(part) for part in header.split("- kernel:")[1:]]
    symbols = re.search(r"^symbols: \{(.*)\}", header, re.M)
    return {
        "launches": launches,
        "scratch": dict(re.findall(r"^scratch: \{(\w+): ([^}]+)\}", header, re.M)),
        "symbols": dict(re.findall(r"(\w+): (\w+)", symbols.group(1))) if symbols else {},
    }


def _launch_of(text: str) -> dict:
    fields = dict(re.findall(r"^\s+(grid|block|cluster|args): \[(.*)\]", text, re.M))
    shared = re.search(r"^\s+shared: (\S+)", text, re.M)
    return {"kernel": text.split()[0], "shared": shared.group(1) if shared else "0", **fields}


def resolve(header: dict, tensors: list[dict], n: int) -> dict:
    names, symbols = {tensor["name"] for tensor in tensors}, header["symbols"]
    return {
        "launches": [
            {
                "kernel": launch["kernel"],
                "grid": _dims(launch.get("grid", "1"), n),
                "block": _dims(launch.get("block", "1"), n),
                "cluster": _dims(launch["cluster"], n) if "cluster" in launch else None,
                "shared": _evaluate(launch["shared"], n),
                "args": [_argument(name.strip(), names, n) for name in launch["args"].split(",")],
            }
            for launch in header["launches"]
        ],
        "scratch": {name: _evaluate(size, n) for name, size in header["scratch"].items()},
        **({"symbols": [{"name": name, "value": _argument(value, names, n)} for name, value in symbols.items()]} if symbols else {}),
    }


def _dims(text: str, n: int) -> list[int]:
    dims = _evaluate(f"[{text}]", n)
    return ([*dims, 1, 1])[:3]


def _evaluate(expression: str, n: int) -> object:
    """Of files in this repository only."""
    return eval(expression.replace("/", "//").replace('"', ""), {"n": n, "ceil_div": lambda a, b: -(-a // b), "min": min, "max": max})


def _argument(name: str, tensors: set, n: int) -> dict:
    if name in tensors:
        return {"kind": "tensor", "name": name}
    return {"kind": "scalar", "dtype": "i32", "value": n} if name == "n" else {"kind": "scratch", "name": name}


def vector_add(kind: str, cases: dict[str, tuple[str, int]]) -> HandmadeProblem:
    folder, suffix = ROOT / "kernels" / "vector_add", "cu" if kind == "gpu" else "c"
    normal = {"dtype": "f32", "distribution": {"kind": "normal", "mean": 0, "std": 1}}
    tensors = [{"name": "a", "role": "in", **normal}, {"name": "b", "role": "in", **normal}, {"name": "out", "role": "out", **normal}]
    sources = [(folder / f"{which}.{suffix}").read_text() for which in ("reference", "baseline")]
    problem = HandmadeProblem("vector_add", tensors, *sources, cases)
    problem.hard = [
        {"name": "all_magnitudes", "distributions": {"a": ALL_MAGNITUDES, "b": ALL_MAGNITUDES}},
        {"name": "rare_magnitudes", "distributions": {"a": RARE_ZEROS, "b": RARE_SUBNORMAL}},
    ]
    return problem


def expectation(source: str) -> str:
    """`expect: VERDICT` of a corpus file; the first where several are right."""
    return re.search(r"expect: (\w+)", source).group(1)


def is_right(source: str, verdict: str) -> bool:
    """`expect: VERDICT or VERDICT`."""
    return verdict in re.search(r"expect: ([\w ]+)", source).group(1).split(" or ")
