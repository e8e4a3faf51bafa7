# expect: passed
# problem: transpose
# Tiles, turned in registers and shared memory.
import torch
import triton
import triton.language as tl


@triton.jit
def transpose(a, out, rows, cols, TILE: tl.constexpr):
    r = tl.program_id(0) * TILE + tl.arange(0, TILE)
    c = tl.program_id(1) * TILE + tl.arange(0, TILE)
    tile = tl.load(a + r[:, None].to(tl.int64) * cols + c[None, :], mask=(r < rows)[:, None] & (c < cols)[None, :])
    tl.store(out + c[:, None].to(tl.int64) * rows + r[None, :], tl.trans(tile), mask=(c < cols)[:, None] & (r < rows)[None, :])


def custom_kernel(data):
    a, out = data
    rows, cols = a.shape
    transpose[(triton.cdiv(rows, 64), triton.cdiv(cols, 64))](a, out, rows, cols, TILE=64, num_warps=8)
