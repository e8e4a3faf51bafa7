"""Candidates with symbols on a real GPU: a small convolution whose weights are constant memory, right, a run late, and with too little room."""
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "python" / "judge"))
from rig import HandmadeProblem, Rig  # noqa: E402

WIDTH = 33
M = 1 << 20
TRIALS = 5
PAIRED = {"method": "paired", "runsMin": 100, "runsMax": 100, "warmupRuns": 3, "caseBudgetMs": 5000, "targetRelativeCi": 1e-9}
WEIGHTS = "for (int j = 0; j < 33; j++) sum += x[i + j < n ? i + j : n - 1] * {};"
KERNEL = """extern "C" __global__ void convolve(const float* x, {argument}float* y, int n) {{
  const int i = blockIdx.x * 256 + threadIdx.x;
  float sum = 0;
  if (i >= n) return;
  {weights}
  y[i] = sum;
}}
"""


def source(header: str, code: str, weights: str, argument: str = "") -> str:
    launch = f"  - kernel: convolve\n    grid: [ceil_div(n, 256)]\n    block: [256]\n    args: [x, {'w, ' if argument else ''}y, n]\n"
    return f"/* kiln\n{header}launch:\n{launch}*/\n{code}" + KERNEL.format(argument=argument, weights=WEIGHTS.format(weights))


PLAIN = source("", "", "w[j]", "const float* w, ")
FILLED = "symbols: {weights: w}\n"
CONSTANT = source(FILLED, "__constant__ float weights[33];\n", "weights[j]")
# As PLAIN, but for one number that it reads from a symbol: what timing with symbols does to a time.
SAME = source("symbols: {count: n}\n", "__constant__ int count;\n", "w[j]", "const float* w, ").replace("if (i >= n)", "if (i >= count)")
LATE = source(FILLED, "__device__ float weights[33], before[33];\n", "before[j]").replace(
    "*/\n", "  - kernel: keep\n    grid: [1]\n    block: [33]\n    args: [n]\n*/\n", 1,
) + 'extern "C" __global__ void keep(int) { before[threadIdx.x] = weights[threadIdx.x]; }\n'
SPOILT = CONSTANT.replace("__constant__", "__device__").replace(
    "*/\n", "  - kernel: spoil\n    grid: [1]\n    block: [33]\n    args: [n]\n*/\n", 1,
) + 'extern "C" __global__ void spoil(int) { weights[threadIdx.x] = 1e30f; }\n'
EXPECTED = {
    "constant": (CONSTANT, "passed"),
    "spoilt by its own kernel": (SPOILT, "passed"),
    "a run late": (LATE, "wrong_answer"),
    "too little room": (source(FILLED, "__constant__ float weights[32];\n", "weights[j]"), "plan_error"),
    "no such variable": (source(FILLED, "__constant__ float weight[33];\n", "weight[j]"), "plan_error"),
}


def convolution() -> HandmadeProblem:
    normal = {"dtype": "f32", "distribution": {"kind": "normal", "mean": 0, "std": 1}}
    weights = {"name": "w", "role": "in", "elements": WIDTH, **normal}
    tensors = [{"name": "x", "role": "in", **normal}, weights, {"name": "y", "role": "out", **normal}]
    problem = HandmadeProblem("convolution", tensors, PLAIN, PLAIN, {"odd": ("check", 1003), "4M": ("bench", 4 * M), "tiny": ("bench", 4096)})
    problem.tolerance = {"rtol": 1e-4, "atol": 1e-4, "relative_l2": 1e-5}
    return problem


def symbols(rig: Rig) -> None:
    """Verdicts; and what timing with symbols does: the same code with and without a symbol differs by one read of cold constant memory."""
    problem = convolution()
    for name, (text, verdict) in EXPECTED.items():
        outcome = rig.judge(problem, text)["outcome"] or {"verdict": "infra"}
        print(f"  {'ok ' if outcome['verdict'] == verdict else 'BAD'} {name:26} {outcome['verdict']:13} {outcome.get('message', '')}")
    for name, text in (("same code", SAME), ("weights in constant memory", CONSTANT)):
        judged = [rig.judge(problem, f"{text}// {n}\n", timing=PAIRED)["outcome"]["timings"] for n in range(TRIALS)]
        for timings in zip(*judged):
            ratios, batches = sorted(timing["speedup"] for timing in timings), {timing["candidate"]["batch"] for timing in timings}
            middle = statistics.median(ratios)
            print(f"symbols {timings[0]['case']}: {name}: speed-up {ratios[0]:.4f} .. {middle:.4f} .. {ratios[-1]:.4f}, batch {sorted(batches)}")
