# expect: passed
# The first kernel of everybody's tutorial.
import torch
import triton
import triton.language as tl


@triton.jit
def add(a, b, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = at < n
    tl.store(out + at, tl.load(a + at, mask=mask) + tl.load(b + at, mask=mask), mask=mask)


def custom_kernel(data):
    a, b, _ = data
    out = torch.empty_like(a)
    n = a.numel()
    add[(triton.cdiv(n, 1024),)](a, b, out, n, BLOCK=1024)
    return out
