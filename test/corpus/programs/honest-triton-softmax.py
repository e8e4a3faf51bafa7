# expect: passed
# problem: softmax
# One row a program, online, with the block by the row's length.
import torch
import triton
import triton.language as tl


@triton.jit
def softmax(x, out, cols, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * cols
    at = tl.arange(0, BLOCK)
    largest = tl.full((BLOCK,), float("-inf"), tl.float32)
    total = tl.zeros((BLOCK,), tl.float32)
    for begin in range(0, cols, BLOCK):
        value = tl.load(x + row + begin + at, mask=begin + at < cols, other=float("-inf"))
        higher = tl.maximum(largest, value)
        safe = tl.where(higher == float("-inf"), 0.0, higher)
        total = total * tl.exp(largest - safe) + tl.exp(value - safe)
        largest = higher
    top = tl.max(largest, 0)
    whole = tl.sum(total * tl.exp(largest - top), 0)
    for begin in range(0, cols, BLOCK):
        mask = begin + at < cols
        value = tl.load(x + row + begin + at, mask=mask)
        tl.store(out + row + begin + at, tl.exp(value - top) / whole, mask=mask)


def custom_kernel(data):
    x, out = data
    rows, cols = x.shape
    block = min(4096, triton.next_power_of_2(cols))
    softmax[(rows,)](x, out, cols, BLOCK=block, num_warps=4 if block < 2048 else 8)
