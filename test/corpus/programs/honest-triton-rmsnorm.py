# expect: passed
# problem: rmsnorm
# The block by a heuristic; a scalar of f32 among the arguments.
import torch
import triton
import triton.language as tl


@triton.heuristics({"BLOCK": lambda args: min(8192, triton.next_power_of_2(args["cols"]))})
@triton.jit
def norm(x, weight, out, cols, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * cols
    at = tl.arange(0, BLOCK)
    total = tl.zeros((BLOCK,), tl.float32)
    for begin in range(0, cols, BLOCK):
        value = tl.load(x + row + begin + at, mask=begin + at < cols, other=0.0).to(tl.float32)
        total += value * value
    scale = 1.0 / tl.sqrt(tl.sum(total, 0) / cols + eps)
    for begin in range(0, cols, BLOCK):
        mask = begin + at < cols
        value = tl.load(x + row + begin + at, mask=mask, other=0.0).to(tl.float32)
        gain = tl.load(weight + begin + at, mask=mask, other=0.0).to(tl.float32)
        tl.store(out + row + begin + at, (value * scale * gain).to(tl.bfloat16), mask=mask)


def custom_kernel(data):
    x, weight, out = data
    norm[(x.shape[0],)](x, weight, out, x.shape[1], 1e-5, num_warps=8)
    return out
