# expect: crashed or out_of_bounds or contract
# No mask: what lies behind the last element is read and written. Memory ends where a tensor ends, so it faults.
import torch
import triton
import triton.language as tl


@triton.jit
def add(a, b, out, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + at, tl.load(a + at) + tl.load(b + at))


def custom_kernel(data):
    a, b, out = data
    add[(triton.cdiv(a.numel(), 1024),)](a, b, out, BLOCK=1024)
