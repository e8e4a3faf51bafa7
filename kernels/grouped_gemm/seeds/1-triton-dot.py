"""kiln
params: {BM: 64, BN: 128, BK: 64, GROUP: 8, WARPS: 4, STAGES: 4}
launch:
  - kernel: grouped_gemm
    grid: ["(tokens / BM + experts) * ceil_div(n, BN)"]
    args: [a, b, starts, c, tokens, experts, n, k]
num_warps: WARPS
num_stages: STAGES
"""
# tl.dot on BM x BN tiles of one group. Group e has the places starts[e] / BM + e to starts[e + 1] / BM + e for its tiles: as many as its rows may need, and one more at
# most. So the group of a place is found by halving. Programs are ordered by GROUP rows of tiles, so that those at work at once share what they read in the L2 cache.
import triton
import triton.language as tl


@triton.jit
def grouped_gemm(a, b, starts, c, tokens, experts, n, k, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, GROUP: tl.constexpr):
    # The problem promises multiples of 8; the products tell the compiler that every row begins at a 16-byte boundary.
    n = n // 8 * 8
    k = k // 8 * 8
    program = tl.program_id(0)
    across = tl.cdiv(n, BN)
    first = program // (GROUP * across) * GROUP
    tall = min(tokens // BM + experts - first, GROUP)
    place = first + program % (GROUP * across) % tall
    column = program % (GROUP * across) // tall

    expert = 0
    beyond = experts
    while beyond - expert > 1:
        middle = (expert + beyond) // 2
        is_behind = tl.load(starts + middle) // BM + middle <= place
        expert = tl.where(is_behind, middle, expert)
        beyond = tl.where(is_behind, beyond, middle)
    begin = tl.load(starts + expert)
    end = tl.load(starts + expert + 1)
    row = begin + (place - begin // BM - expert) * BM

    if row < end:
        rows = row + tl.arange(0, BM)
        columns = column * BN + tl.arange(0, BN)
        depth = tl.arange(0, BK)
        # Rows and columns beyond the end read the last or the first one again and are never stored: so only the depth needs a mask.
        a_at = a + tl.minimum(rows, end - 1).to(tl.int64)[:, None] * k + depth[None, :]
        b_at = b + expert.to(tl.int64) * n * k + (columns % n).to(tl.int64)[None, :] * k + depth[:, None]
        sums = tl.zeros([BM, BN], tl.float32)
        for done in range(0, k, BK):
            one = tl.load(a_at, mask=depth[None, :] < k - done, other=0.0)
            other = tl.load(b_at, mask=depth[:, None] < k - done, other=0.0)
            sums = tl.dot(one, other, sums)
            a_at += BK
            b_at += BK
        at = c + rows.to(tl.int64)[:, None] * n + columns[None, :]
        tl.store(at, sums.to(tl.bfloat16), mask=(rows[:, None] < end) & (columns[None, :] < n))
