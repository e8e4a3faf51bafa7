"""What people run for one candidate today: import torch, load the kernel, check it, time it. The generous version: the cubin is there.

Reads {cubin, kernel, cases: [{n, grid, block}], runs} as JSON on stdin, prints {correct, mediansUs} as JSON.
"""
import ctypes
import functools
import json
import statistics
import sys
from typing import Callable

import torch
from torch import Tensor

FLUSH_BYTES = 128 * 1024 * 1024


def main() -> None:
    task = json.load(sys.stdin)
    torch.zeros(1, device="cuda")
    launch = load(task["cubin"], task["kernel"])
    medians, correct = [], True
    for case in task["cases"]:
        a, b = (torch.randn(case["n"], device="cuda") for _ in range(2))
        out = torch.full_like(a, float("nan"))
        run = functools.partial(launch, case, a, b, out)
        run()
        correct = correct and torch.equal(out, a + b)
        medians.append(time_case(run, task["runs"]))
    print(json.dumps({"correct": correct, "mediansUs": medians}))


def load(cubin: str, name: str) -> Callable[[dict, Tensor, Tensor, Tensor], None]:
    """The kernel as a function, in the context that torch has made."""
    driver, module, function = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p(), ctypes.c_void_p()
    with open(cubin, "rb") as file:
        check(driver.cuModuleLoadData(ctypes.byref(module), file.read()))
    check(driver.cuModuleGetFunction(ctypes.byref(function), module, name.encode()))

    def launch(case: dict, a: Tensor, b: Tensor, out: Tensor) -> None:
        values = [ctypes.c_uint64(tensor.data_ptr()) for tensor in (a, b, out)] + [ctypes.c_int(case["n"])]
        pointers = (ctypes.c_void_p * len(values))(*[ctypes.addressof(value) for value in values])
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        check(driver.cuLaunchKernel(function, *case["grid"], *case["block"], 0, stream, pointers, None))

    return launch


def time_case(launch: Callable[[], None], runs: int) -> float:
    """Median microseconds, the cache flushed before each run."""
    cache = torch.empty(FLUSH_BYTES, dtype=torch.uint8, device="cuda")
    events = [[torch.cuda.Event(enable_timing=True) for _ in range(runs)] for _ in range(2)]
    for start, end in zip(*events):
        cache.zero_()
        start.record()
        launch()
        end.record()
    torch.cuda.synchronize()
    return statistics.median(start.elapsed_time(end) * 1e3 for start, end in zip(*events))


def check(code: int) -> None:
    if code:
        raise RuntimeError(f"the driver answered {code}")


main()
