/* kiln
params: {VECTORS: 4, ROWS: 4, BLOCKS: 132, SHARE: 4096, FAST: 1}
space: {VECTORS: [1, 2, 3, 4], ROWS: [1, 2, 4, 8], BLOCKS: [66, 108, 132], SHARE: [2048, 4096, 8192, 16384], FAST: [0, 1]}
let:
  rows: batch * heads * queries
  # Blocks a row: more than one where rows are fewer than BLOCKS, each with SHARE keys at least.
  splits: "if(rows < BLOCKS and keys > SHARE, min(BLOCKS / rows, ceil_div(keys, SHARE)), 1)"
  width: "max(32, min(1024, next_pow2(ceil_div(keys, splits * 8 * VECTORS))))"
  tall: "if(splits == 1 and width == 32, ROWS, 1)"
launch:
  - kernel: masked_softmax
    when: splits == 1
    grid: [ceil_div(rows, tall)]
    block: [width, tall]
    args: [x, mask, out, totals, scale, heads, queries, keys, rows, 1]
  # Blocks wait for each other, so all of them must be at work at once.
  - kernel: masked_softmax
    when: splits > 1
    grid: [rows * splits]
    block: [width]
    cooperative: true
    args: [x, mask, out, totals, scale, heads, queries, keys, rows, splits]
scratch: {totals: 8 * rows * splits}
compile: {use_fast_math: FAST}
*/
// As 2-registers, and few long rows are divided among blocks, so that they fill the device too: each leaves what its keys come to, waits for the whole grid, and goes on
// with what the row comes to, its scores still in registers. Two launches would read them twice.
#include <cuda_bf16.h>
#include <cooperative_groups.h>
#include "rows.cuh"

extern "C" __global__ void __launch_bounds__(1024)
masked_softmax(const __nv_bfloat16* __restrict__ x, const unsigned char* __restrict__ mask, __nv_bfloat16* __restrict__ out, float2* totals, float scale, int heads,
               int queries, int keys, int rows, int splits) {
  const int row = (blockIdx.x / splits) * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const size_t start = (size_t)row * keys;
  // Our share of the row: a multiple of 8 keys, so that it stays aligned.
  const int share = (keys + 8 * splits - 1) / (8 * splits) * 8;
  const int begin = min(keys, (int)(blockIdx.x % splits) * share), end = min(keys, begin + share);
  Keys part(x + start, mask + mask_row(row, heads, queries) * keys, out + start, begin, end, scale, keys % 8 == 0);

  Total total = merge_row(part.total(), part.factor);
  if (splits > 1) {
    if (threadIdx.x == 0) totals[blockIdx.x] = make_float2(total.largest, total.sum);
    cooperative_groups::this_grid().sync();
    total = {LOWEST, 0};
    for (int other = 0; other < splits; other++) {
      // Other blocks wrote them: from the L2 cache, which all of them share.
      const float2 theirs = __ldcg(totals + row * splits + other);
      total = merge(total, {theirs.x, theirs.y}, part.factor);
    }
  }
  part.store(total);
}
