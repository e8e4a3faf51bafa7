# expect: wrong_answer
# problem: softmax
# Leaves the last eighth of rows of 4,096, which only a timed case has: its own check of that shape and every sample must tell.
"""kiln
params: {BLOCK: 1024}
launch:
  - kernel: softmax
    grid: [rows]
    args: [x, out, cols]
"""
import triton
import triton.language as tl


@triton.jit
def softmax(x, out, cols, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * cols
    lanes = tl.arange(0, BLOCK)
    most = tl.full([BLOCK], -3.0e38, tl.float32)
    for at in range(0, cols, BLOCK):
        most = tl.maximum(most, tl.load(x + row + at + lanes, mask=at + lanes < cols, other=-3.0e38))
    largest = tl.max(most, 0)
    total = tl.zeros([BLOCK], tl.float32)
    for at in range(0, cols, BLOCK):
        total += tl.exp(tl.load(x + row + at + lanes, mask=at + lanes < cols, other=-3.0e38) - largest)
    scale = 1.0 / tl.sum(total, 0)
    end = tl.where(cols == 4096, 3584, cols)
    for at in range(0, end, BLOCK):
        inside = at + lanes < end
        tl.store(out + row + at + lanes, tl.exp(tl.load(x + row + at + lanes, mask=inside, other=0.0) - largest) * scale, mask=inside)
