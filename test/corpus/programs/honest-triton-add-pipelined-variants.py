# expect: passed
# A variant without masks where the length allows it, chosen by a heuristic, with warps by size.
import torch
import triton
import triton.language as tl


@triton.heuristics({"EVEN": lambda args: args["n"] % args["BLOCK"] == 0})
@triton.jit
def add(a, b, out, n, BLOCK: tl.constexpr, EVEN: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    if EVEN:
        tl.store(out + at, tl.load(a + at) + tl.load(b + at))
    else:
        mask = at < n
        tl.store(out + at, tl.load(a + at, mask=mask, other=0.0) + tl.load(b + at, mask=mask, other=0.0), mask=mask)


def custom_kernel(data):
    a, b, out = data
    n = a.numel()
    block = 256 if n < 65536 else 4096
    add[(triton.cdiv(n, block),)](a, b, out, n, BLOCK=block, num_warps=4 if block == 256 else 16, num_stages=2)
