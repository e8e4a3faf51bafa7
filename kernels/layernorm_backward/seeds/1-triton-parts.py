"""kiln
params: {BLOCK: 4096, WARPS: 16, STAGES: 1, BLOCKS: 264}
let:
  parts: min(rows, BLOCKS)
launch:
  - kernel: gradients
    grid: [parts]
    args: [dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols]
  - kernel: add_parts
    grid: [ceil_div(cols, 64)]
    args: [weight_parts, bias_parts, dweight, dbias, parts, cols]
scratch: {weight_parts: 4 * parts * cols, bias_parts: 4 * parts * cols}
num_warps: WARPS
num_stages: STAGES
"""
# A program takes row after row. Where a row fits into BLOCK, it is read once and the sums of all columns stay in registers; a longer one is read twice, and the
# sums of its columns grow in scratch memory (bytes, read as f32), which is the program's own. A second launch adds up what the programs came to.
import triton
import triton.language as tl


@triton.jit
def short_rows(dy, x, weight, mean, rstd, dx, weight_part, bias_part, rows, cols, BLOCK: tl.constexpr):
    columns = tl.arange(0, BLOCK)
    inside = columns < cols
    factor = tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    weight_sums = tl.zeros([BLOCK], tl.float32)
    bias_sums = tl.zeros([BLOCK], tl.float32)
    for row in range(tl.program_id(0), rows, tl.num_programs(0)):
        at = tl.cast(row, tl.int64) * cols + columns
        scale = tl.load(rstd + row)
        d = tl.load(dy + at, mask=inside, other=0.0).to(tl.float32)
        h = (tl.load(x + at, mask=inside, other=0.0).to(tl.float32) - tl.load(mean + row)) * scale
        g = d * factor
        gradient = scale * (g - tl.sum(g, 0) / cols - h * (tl.sum(g * h, 0) / cols))
        tl.store(dx + at, gradient.to(tl.bfloat16), mask=inside)
        weight_sums += d * h
        bias_sums += d
    tl.store(weight_part + columns, weight_sums, mask=inside)
    tl.store(bias_part + columns, bias_sums, mask=inside)


@triton.jit
def long_rows(dy, x, weight, mean, rstd, dx, weight_part, bias_part, rows, cols, BLOCK: tl.constexpr):
    first = tl.program_id(0)
    for row in range(first, rows, tl.num_programs(0)):
        start = tl.cast(row, tl.int64) * cols
        mu = tl.load(mean + row)
        scale = tl.load(rstd + row)
        g_sums = tl.zeros([BLOCK], tl.float32)
        gh_sums = tl.zeros([BLOCK], tl.float32)
        for begin in range(0, cols, BLOCK):
            columns = begin + tl.arange(0, BLOCK)
            inside = columns < cols
            g = tl.load(dy + start + columns, mask=inside, other=0.0).to(tl.float32)
            g *= tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
            h = (tl.load(x + start + columns, mask=inside, other=0.0).to(tl.float32) - mu) * scale
            g_sums += g
            gh_sums += g * h
        mean_g = tl.sum(g_sums, 0) / cols
        mean_gh = tl.sum(gh_sums, 0) / cols
        for begin in range(0, cols, BLOCK):
            columns = begin + tl.arange(0, BLOCK)
            inside = columns < cols
            known = inside & (row > first)
            d = tl.load(dy + start + columns, mask=inside, other=0.0).to(tl.float32)
            g = d * tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
            h = (tl.load(x + start + columns, mask=inside, other=0.0).to(tl.float32) - mu) * scale
            tl.store(dx + start + columns, (scale * (g - mean_g - h * mean_gh)).to(tl.bfloat16), mask=inside)
            tl.store(weight_part + columns, tl.load(weight_part + columns, mask=known, other=0.0) + d * h, mask=inside)
            tl.store(bias_part + columns, tl.load(bias_part + columns, mask=known, other=0.0) + d, mask=inside)
        tl.debug_barrier()  # the next row adds to what other threads may have stored


@triton.jit
def some_rows(dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols, BLOCK: tl.constexpr):
    weight_part = weight_parts + tl.program_id(0) * cols
    bias_part = bias_parts + tl.program_id(0) * cols
    if cols <= BLOCK:
        short_rows(dy, x, weight, mean, rstd, dx, weight_part, bias_part, rows, cols, BLOCK)
    else:
        long_rows(dy, x, weight, mean, rstd, dx, weight_part, bias_part, rows, cols, BLOCK)


@triton.jit
def gradients(dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols, BLOCK: tl.constexpr):
    weight_parts = weight_parts.to(tl.pointer_type(tl.float32))
    bias_parts = bias_parts.to(tl.pointer_type(tl.float32))
    # Rows that begin at 16-byte boundaries are read 16 bytes an access; the product tells the compiler so.
    if cols % 8 == 0:
        some_rows(dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols // 8 * 8, BLOCK)
    else:
        some_rows(dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols, BLOCK)


@triton.jit
def add_parts(weight_parts, bias_parts, dweight, dbias, parts, cols):
    weight_parts = weight_parts.to(tl.pointer_type(tl.float32))
    bias_parts = bias_parts.to(tl.pointer_type(tl.float32))
    columns = tl.program_id(0) * 64 + tl.arange(0, 64)
    inside = columns < cols
    weight_sums = tl.zeros([16, 64], tl.float32)
    bias_sums = tl.zeros([16, 64], tl.float32)
    for begin in range(0, parts, 16):
        part = begin + tl.arange(0, 16)
        at = part[:, None] * cols + columns[None, :]
        known = (part[:, None] < parts) & inside[None, :]
        weight_sums += tl.load(weight_parts + at, mask=known, other=0.0)
        bias_sums += tl.load(bias_parts + at, mask=known, other=0.0)
    tl.store(dweight + columns, tl.sum(weight_sums, 0), mask=inside)
    tl.store(dbias + columns, tl.sum(bias_sums, 0), mask=inside)
