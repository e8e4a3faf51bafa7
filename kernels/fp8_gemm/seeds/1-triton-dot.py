"""kiln
params: {BM: 128, BN: 128, GROUP: 8, WARPS: 8, STAGES: 3}
launch:
  - kernel: fp8_gemm
    grid: ["ceil_div(m, BM) * ceil_div(n, BN)"]
    args: [a, a_scale, b, b_scale, c, m, n, k]
num_warps: WARPS
num_stages: STAGES
"""
# tl.dot of FP8 on BM x BN tiles, a block of 128 at a time, whose sums are scaled and added in f32. Programs are ordered in groups of GROUP rows of tiles, so that those at
# work at once share their tiles of a and b in the L2 cache.
import triton
import triton.language as tl


@triton.jit
def fp8_gemm(a, a_scale, b, b_scale, c, m, n, k, BM: tl.constexpr, BN: tl.constexpr, GROUP: tl.constexpr):
    tl.static_assert(128 % BN == 0, "the columns of a tile share their scales")
    # The problem promises multiples of 8 and 128; the products tell the compiler that every row begins at a 16-byte boundary.
    n = n // 8 * 8
    k = k // 128 * 128
    blocks = k // 128
    program = tl.program_id(0)
    across = tl.cdiv(n, BN)
    first = program // (GROUP * across) * GROUP
    tall = min(tl.cdiv(m, BM) - first, GROUP)
    row = first + program % (GROUP * across) % tall
    column = program % (GROUP * across) // tall

    rows = row * BM + tl.arange(0, BM)
    columns = column * BN + tl.arange(0, BN)
    depth = tl.arange(0, 128)
    # Rows and columns beyond the end read the first ones again and are never stored.
    a_at = a + (rows % m).to(tl.int64)[:, None] * k + depth[None, :]
    b_at = b + (columns % n).to(tl.int64)[None, :] * k + depth[:, None]
    a_scale_at = a_scale + (rows % m).to(tl.int64) * blocks
    b_scale_at = b_scale + column * BN // 128 * blocks
    sums = tl.zeros([BM, BN], tl.float32)
    for block in range(0, blocks):
        scale = tl.load(a_scale_at + block) * tl.load(b_scale_at + block)
        sums += tl.dot(tl.load(a_at), tl.load(b_at)) * scale[:, None]
        a_at += 128
        b_at += 128
    at = c + rows.to(tl.int64)[:, None] * n + columns[None, :]
    tl.store(at, sums.to(tl.bfloat16), mask=(rows[:, None] < m) & (columns[None, :] < n))
