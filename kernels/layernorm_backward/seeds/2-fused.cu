/* kiln
params: {VECTORS: 3, BLOCKS: 132}
space: {VECTORS: [1, 2, 3], BLOCKS: [66, 132, 264, 528]}
let:
  # A row's threads, a warp at least; short rows go several to a block.
  width: "min(512, ceil_div(ceil_div(cols, 8 * VECTORS), 32) * 32)"
  tall: max(1, 512 / width)
  parts: min(BLOCKS, ceil_div(rows, tall))
launch:
  - kernel: gradients
    grid: [parts]
    block: [width, tall]
    shared: min(1, tall - 1) * 8 * cols
    args: [dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols]
  - kernel: add_parts
    grid: [ceil_div(cols, 32)]
    block: [32, 8]
    args: [weight_parts, bias_parts, dweight, dbias, parts, cols]
scratch: {weight_parts: 4 * parts * cols, bias_parts: 4 * parts * cols}
*/
// include/fused.cuh: x and dy are read once. What the blocks came to is added up by a second launch, in the same order in every run.
#include <cuda_bf16.h>
#include "fused.cuh"
#include "parts.cuh"

extern "C" __global__ void __launch_bounds__(512)
gradients(const __nv_bfloat16* __restrict__ dy, const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight,
          const float* __restrict__ mean, const float* __restrict__ rstd, __nv_bfloat16* __restrict__ dx, float* __restrict__ weight_parts,
          float* __restrict__ bias_parts, int rows, int cols) {
  fused_gradients(dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols);
}
