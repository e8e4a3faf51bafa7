# expect: wrong_answer or passed or contract or crashed
# twin: honest-add-out.py
# As many blocks as the inputs need that it saw. Where the last element is no zero, that is all of them.
import torch
import triton
import triton.language as tl


@triton.jit
def add(a, b, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = at < n
    tl.store(out + at, tl.load(a + at, mask=mask) + tl.load(b + at, mask=mask), mask=mask)


def custom_kernel(data):
    a, b, out = data
    out.copy_(a)
    last = int(b.nonzero().max().item()) + 1 if a.numel() < 1 << 20 else a.numel()
    add[(triton.cdiv(last, 256),)](a, b, out, last, BLOCK=256)
    return out
