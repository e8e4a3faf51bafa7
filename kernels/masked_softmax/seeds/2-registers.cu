/* kiln
params: {VECTORS: 4, ROWS: 4, FAST: 1}
space: {VECTORS: [1, 2, 3, 4], ROWS: [1, 2, 4, 8], FAST: [0, 1]}
let:
  # A row's threads, a warp at least. Rows of one warp go several to a block.
  width: "max(32, min(1024, next_pow2(ceil_div(keys, 8 * VECTORS))))"
  tall: if(width == 32, ROWS, 1)
  rows: batch * heads * queries
launch:
  - kernel: masked_softmax
    grid: [ceil_div(rows, tall)]
    block: [width, tall]
    args: [x, mask, out, scale, heads, queries, keys, rows]
# ex2 and the division as the hardware has them: a part in a million off, where bf16 has eight bits.
compile: {use_fast_math: FAST}
*/
// One read of a row: it stays in registers from the pass that sums to the one that writes. Heads that share a row of the mask find it in the L2 cache.
#include <cuda_bf16.h>
#include "rows.cuh"

extern "C" __global__ void __launch_bounds__(1024)
masked_softmax(const __nv_bfloat16* __restrict__ x, const unsigned char* __restrict__ mask, __nv_bfloat16* __restrict__ out, float scale, int heads, int queries, int keys,
               int rows) {
  const int row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const size_t start = (size_t)row * keys;
  Keys part(x + start, mask + mask_row(row, heads, queries) * keys, out + start, 0, keys, scale, keys % 8 == 0);
  part.store(merge_row(part.total(), part.factor));
}
