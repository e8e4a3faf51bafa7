# expect: passed
# problem: matmul
# Tensor cores by tl.dot, tuned among two settings.
import torch
import triton
import triton.language as tl

CONFIGS = [
    triton.Config({"BM": 128, "BN": 128, "BK": 64}, num_warps=8, num_stages=3),
    triton.Config({"BM": 64, "BN": 128, "BK": 64}, num_warps=4, num_stages=3),
]


@triton.autotune(configs=CONFIGS, key=["m", "n", "k"])
@triton.jit
def product(a, b, c, m, n, k, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    rows = tl.program_id(0) * BM + tl.arange(0, BM)
    cols = tl.program_id(1) * BN + tl.arange(0, BN)
    deep = tl.arange(0, BK)
    total = tl.zeros((BM, BN), tl.float32)
    for begin in range(0, k, BK):
        inside = begin + deep < k
        x = tl.load(a + rows[:, None].to(tl.int64) * k + begin + deep[None, :], mask=(rows < m)[:, None] & inside[None, :], other=0.0)
        y = tl.load(b + cols[None, :].to(tl.int64) * k + begin + deep[:, None], mask=(cols < n)[None, :] & inside[:, None], other=0.0)
        total = tl.dot(x, y, total)
    tl.store(c + rows[:, None].to(tl.int64) * n + cols[None, :], total.to(tl.float16), mask=(rows < m)[:, None] & (cols < n)[None, :])


def custom_kernel(data):
    a, b, c = data
    (m, k), n = a.shape, b.shape[0]
    product[lambda meta: (triton.cdiv(m, meta["BM"]), triton.cdiv(n, meta["BN"]))](a, b, c, m, n, k)
    return c
