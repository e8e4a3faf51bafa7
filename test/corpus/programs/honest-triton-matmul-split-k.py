# expect: passed
# problem: matmul
# Parts of k are added by atomics in f32, in any order, and rounded by a copy.
import torch
import triton
import triton.language as tl

SPLITS = 4


@triton.jit
def partial(a, b, sums, m, n, k, part, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    rows = tl.program_id(0) * BM + tl.arange(0, BM)
    cols = tl.program_id(1) * BN + tl.arange(0, BN)
    first = tl.program_id(2) * part
    deep = tl.arange(0, BK)
    total = tl.zeros((BM, BN), tl.float32)
    for begin in range(first, min(first + part, k), BK):
        inside = begin + deep < min(first + part, k)
        x = tl.load(a + rows[:, None].to(tl.int64) * k + begin + deep[None, :], mask=(rows < m)[:, None] & inside[None, :], other=0.0)
        y = tl.load(b + cols[None, :].to(tl.int64) * k + begin + deep[:, None], mask=(cols < n)[None, :] & inside[:, None], other=0.0)
        total = tl.dot(x, y, total)
    tl.atomic_add(sums + rows[:, None].to(tl.int64) * n + cols[None, :], total, mask=(rows < m)[:, None] & (cols < n)[None, :])


def custom_kernel(data):
    a, b, c = data
    (m, k), n = a.shape, b.shape[0]
    sums = torch.zeros(m, n, device=a.device)
    part = triton.cdiv(triton.cdiv(k, SPLITS), 64) * 64
    partial[(triton.cdiv(m, 128), triton.cdiv(n, 128), SPLITS)](a, b, sums, m, n, k, part, BM=128, BN=128, BK=64, num_warps=8)
    c.copy_(sums)
