# expect: passed
# problem: gather
# Addresses that the device reads.
import torch
import triton
import triton.language as tl


@triton.jit
def gather(table, ids, out, cols, BLOCK: tl.constexpr):
    token = tl.program_id(0).to(tl.int64)
    row = tl.load(ids + token).to(tl.int64)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + token * cols + at, tl.load(table + row * cols + at, mask=at < cols), mask=at < cols)


def custom_kernel(data):
    table, ids, out = data
    cols = table.shape[1]
    gather[(ids.numel(), triton.cdiv(cols, 1024))](table, ids, out, cols, BLOCK=1024)
    return out
