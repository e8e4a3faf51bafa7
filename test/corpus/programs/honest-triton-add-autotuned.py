# expect: passed
# Tunes itself in its first call for every length.
import torch
import triton
import triton.language as tl


@triton.autotune(
    configs=[triton.Config({"BLOCK": block}, num_warps=warps) for block in (1024, 4096) for warps in (4, 8)],
    key=["n"],
)
@triton.jit
def add(a, b, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = at < n
    tl.store(out + at, tl.load(a + at, mask=mask) + tl.load(b + at, mask=mask), mask=mask)


def custom_kernel(data):
    a, b, out = data
    n = a.numel()
    add[lambda meta: (triton.cdiv(n, meta["BLOCK"]),)](a, b, out, n)
    return out
