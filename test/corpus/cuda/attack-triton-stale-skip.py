# expect: wrong_answer
# problem: softmax
# Skips a row by the clock in one of three runs: Triton reaches the timer through inline PTX.
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
    # Right for the columns of check cases; of timed ones the last eighth is left as it was.
    end = cols
    if cols == 4096:
        end = 3584
    for at in range(0, end, BLOCK):
        inside = at + lanes < end
        tl.store(out + row + at + lanes, tl.exp(tl.load(x + row + at + lanes, mask=inside, other=0.0) - largest) * scale, mask=inside)
