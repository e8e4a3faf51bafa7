"""kiln
params: {BM: 256, BN: 128, BK: 64, GROUP: 8, WARPS: 8, STAGES: 3}
launch:
  - kernel: matmul
    grid: ["ceil_div(m, BM) * ceil_div(n, BN)"]
    args: [a, b, c, m, n, k]
num_warps: WARPS
num_stages: STAGES
"""
# tl.dot on BM x BN tiles, which becomes wgmma on sm_90; Triton pipelines the loads of STAGES tiles. Programs are ordered in groups of
# GROUP rows of tiles, so that those at work at once share their tiles of a and b in the L2 cache.
import triton
import triton.language as tl


@triton.jit
def matmul(a, b, c, m, n, k, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, GROUP: tl.constexpr):
    # The problem promises multiples of 8; the products tell the compiler that every row begins at a 16-byte boundary.
    n = n // 8 * 8
    k = k // 8 * 8
    program = tl.program_id(0)
    across = tl.cdiv(n, BN)
    first = program // (GROUP * across) * GROUP
    tall = min(tl.cdiv(m, BM) - first, GROUP)
    row = first + program % (GROUP * across) % tall
    column = program % (GROUP * across) // tall

    rows = row * BM + tl.arange(0, BM)
    columns = column * BN + tl.arange(0, BN)
    depth = tl.arange(0, BK)
    # Rows and columns beyond the end read the first ones again and are never stored: so only the depth needs a mask.
    a_at = a + (rows % m).to(tl.int64)[:, None] * k + depth[None, :]
    b_at = b + (columns % n).to(tl.int64)[None, :] * k + depth[:, None]
    sums = tl.zeros([BM, BN], tl.float32)
    for done in range(0, k, BK):
        one = tl.load(a_at, mask=depth[None, :] < k - done, other=0.0)
        other = tl.load(b_at, mask=depth[:, None] < k - done, other=0.0)
        sums = tl.dot(one, other, sums)
        a_at += BK
        b_at += BK
    at = c + rows.to(tl.int64)[:, None] * n + columns[None, :]
    tl.store(at, sums.to(tl.float16), mask=(rows[:, None] < m) & (columns[None, :] < n))
