"""kiln
params: {BLOCK: 4096, WARPS: 8, STAGES: 2}
launch:
  - kernel: rmsnorm
    grid: [rows]
    args: [x, weight, out, cols, eps]
num_warps: WARPS
num_stages: STAGES
"""
# One program a row. A row that fits into BLOCK is read once and stays in registers; a longer one is read twice.
import triton
import triton.language as tl


@triton.jit
def rmsnorm_row(x, weight, out, cols, eps, BLOCK: tl.constexpr):
    start = tl.program_id(0).to(tl.int64) * cols
    x += start
    out += start
    columns = tl.arange(0, BLOCK)
    if cols <= BLOCK:
        inside = columns < cols
        value = tl.load(x + columns, mask=inside, other=0.0, eviction_policy="evict_first").to(tl.float32)
        factor = tl.load(weight + columns, mask=inside, other=0.0, eviction_policy="evict_last").to(tl.float32)
        scale = tl.rsqrt(tl.sum(value * value, 0) / cols + eps)
        tl.store(out + columns, (value * scale * factor).to(tl.bfloat16), mask=inside)
    else:
        squares = tl.zeros([BLOCK], tl.float32)
        for at in range(0, cols, BLOCK):
            value = tl.load(x + at + columns, mask=at + columns < cols, other=0.0).to(tl.float32)
            squares += value * value
        scale = tl.rsqrt(tl.sum(squares, 0) / cols + eps)
        for at in range(0, cols, BLOCK):
            inside = at + columns < cols
            value = tl.load(x + at + columns, mask=inside, other=0.0, eviction_policy="evict_first").to(tl.float32)
            factor = tl.load(weight + at + columns, mask=inside, other=0.0, eviction_policy="evict_last").to(tl.float32)
            tl.store(out + at + columns, (value * scale * factor).to(tl.bfloat16), mask=inside)


@triton.jit
def rmsnorm(x, weight, out, cols, eps, BLOCK: tl.constexpr):
    # Rows that begin at 16-byte boundaries are read 16 bytes an access; the product tells the compiler so.
    if cols % 8 == 0:
        rmsnorm_row(x, weight, out, cols // 8 * 8, eps, BLOCK)
    else:
        rmsnorm_row(x, weight, out, cols, eps, BLOCK)
