"""The card's own matrix ceiling, by the vendor's library through PyTorch: prints one JSON line, or {"missing": why}.

f16 in, f32 accumulate, square products of random data; median of 30 after 10 warm-ups.
"""
import json
import sys


def main() -> None:
    try:
        import torch
    except ImportError as error:
        print(json.dumps({"missing": f"no PyTorch here: {error}"}))
        return
    rates = {}
    for n in (4096, 8192):
        a = torch.randn(n, n, device="cuda", dtype=torch.float16)
        b = torch.randn(n, n, device="cuda", dtype=torch.float16)
        times = []
        for run in range(40):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            torch.mm(a, b.t())
            end.record()
            end.synchronize()
            if run >= 10:
                times.append(start.elapsed_time(end))
        rates[str(n)] = 2 * n**3 / (sorted(times)[len(times) // 2] * 1e-3)
    print(json.dumps({"flopsPerSecond": rates, "torch": torch.__version__}))


sys.exit(main())
