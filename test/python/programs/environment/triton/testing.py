from typing import Any


def do_bench(fn: Any, warmup: Any = 25, rep: Any = 100, quantiles: Any = None) -> Any:
    for _ in range(warmup + rep):
        fn()
    return [float(warmup + rep)] * len(quantiles) if quantiles else float(warmup + rep)
