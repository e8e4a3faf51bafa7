"""kiln
params: {SMALL: 1024, BLOCK: 1024, WARPS: 4, STAGES: 2}
launch:
  - kernel: softmax
    grid: [rows]
    args: [x, out, cols]
num_warps: WARPS
num_stages: STAGES
"""
# One program a row. A row that fits into SMALL or else BLOCK is read once and stays in registers; a longer one is read twice: a first
# pass keeps a running maximum and sum for each of the BLOCK positions, a second one writes.
import triton
import triton.language as tl


@triton.jit
def once(x, out, cols, SIZE: tl.constexpr):
    columns = tl.arange(0, SIZE)
    inside = columns < cols
    value = tl.load(x + columns, mask=inside, other=-float("inf"), eviction_policy="evict_first")
    value = tl.exp(value - tl.max(value, 0))
    tl.store(out + columns, value / tl.sum(value, 0), mask=inside)


@triton.jit
def twice(x, out, cols, BLOCK: tl.constexpr):
    columns = tl.arange(0, BLOCK)
    # BLOCK < cols: every position has a value in the first step, so no maximum stays at minus infinity.
    highest = tl.load(x + columns)
    total = tl.full([BLOCK], 1.0, tl.float32)
    for at in range(BLOCK, cols, BLOCK):
        value = tl.load(x + at + columns, mask=at + columns < cols, other=-float("inf"))
        higher = tl.maximum(highest, value)
        total = total * tl.exp(highest - higher) + tl.exp(value - higher)
        highest = higher
    most = tl.max(highest, 0)
    scale = 1.0 / tl.sum(total * tl.exp(highest - most), 0)
    for at in range(0, cols, BLOCK):
        inside = at + columns < cols
        value = tl.load(x + at + columns, mask=inside, other=-float("inf"), eviction_policy="evict_first")
        tl.store(out + at + columns, tl.exp(value - most) * scale, mask=inside)


@triton.jit
def row(x, out, cols, SMALL: tl.constexpr, BLOCK: tl.constexpr):
    start = tl.program_id(0).to(tl.int64) * cols
    if cols <= SMALL:
        once(x + start, out + start, cols, SMALL)
    elif cols <= BLOCK:
        once(x + start, out + start, cols, BLOCK)
    else:
        twice(x + start, out + start, cols, BLOCK)


@triton.jit
def softmax(x, out, cols, SMALL: tl.constexpr, BLOCK: tl.constexpr):
    # Rows that begin at 16-byte boundaries are read 16 bytes an access; the product tells the compiler so.
    if cols % 4 == 0:
        row(x, out, cols // 4 * 4, SMALL, BLOCK)
    else:
        row(x, out, cols, SMALL, BLOCK)
