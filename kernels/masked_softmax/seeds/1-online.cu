/* kiln
params: {BLOCK: 256}
space: {BLOCK: [64, 128, 256, 512, 1024]}
launch:
  - kernel: masked_softmax
    grid: [batch * heads * queries]
    block: ["max(32, min(BLOCK, next_pow2(ceil_div(keys, 8))))"]
    args: [x, mask, out, scale, heads, queries, keys]
*/
// A block a row, eight keys an access: 16 bytes of scores, 8 of the mask. Largest and sum in one pass; the second reads the row again, from the L2 cache if it is still there.
#include <cuda_bf16.h>
#include "scores.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK)
masked_softmax(const __nv_bfloat16* __restrict__ x, const unsigned char* __restrict__ mask, __nv_bfloat16* __restrict__ out, float scale, int heads, int queries, int keys) {
  const size_t row = blockIdx.x;
  x += row * keys;
  out += row * keys;
  mask += mask_row(row, heads, queries) * keys;
  const bool aligned = keys % 8 == 0;
  const float factor = scale * LOG2_E;
  const int first = threadIdx.x * 8, step = blockDim.x * 8;

  Total total = {LOWEST, 0};
  for (int k = first; k < keys; k += step) {
    const uint4 v = load8(x, mask, k, keys, aligned);
    const float largest = largest_of(v);
    total = merge(total, {largest, sum_of(v, largest, factor)}, factor);
  }
  total = merge_row(total, factor);

  const float by = total.sum > 0 ? 1 / total.sum : 0;
  for (int k = first; k < keys; k += step) store8(out, k, keys, aligned, load8(x, mask, k, keys, aligned), total.largest, factor, by);
}
