/* kiln
params: {VECTORS: 3, BLOCKS: 132}
space: {VECTORS: [1, 2, 3], BLOCKS: [66, 108, 132]}
let:
  # A row's threads, a warp at least; short rows go several to a block.
  width: "min(512, ceil_div(ceil_div(cols, 8 * VECTORS), 32) * 32)"
  tall: max(1, 512 / width)
  parts: min(BLOCKS, ceil_div(rows, tall))
launch:
  - kernel: layernorm_backward
    grid: [parts]
    block: [width, tall]
    # Blocks wait for each other, so all of them must be at work at once: a multiprocessor holds one.
    cooperative: true
    shared: min(1, tall - 1) * 8 * cols
    args: [dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, dweight, dbias, rows, cols]
scratch: {weight_parts: 4 * parts * cols, bias_parts: 4 * parts * cols}
*/
// As 2-fused, in one launch: once every block has left what its rows came to, each adds up some of the columns, in the same order in every run. Nothing is launched in
// between, and what the blocks left is still in the L2 cache.
#include <cuda_bf16.h>
#include <cooperative_groups.h>
#include "fused.cuh"

/** Columns in groups of a warp's width, block by block; the parts of a column divided among the block's warps. */
__device__ void add_columns(const float* weight_parts, const float* bias_parts, float* dweight, float* dbias, int cols) {
  __shared__ float2 shared[16][32];
  const int thread = threadIdx.y * blockDim.x + threadIdx.x, lane = thread % 32, warp = thread / 32;
  const int warps = blockDim.x * blockDim.y / 32, parts = gridDim.x;
  for (int c0 = blockIdx.x * 32; c0 < cols; c0 += gridDim.x * 32) {
    const int c = c0 + lane;
    float2 sums = make_float2(0, 0);
    if (c < cols) {
      for (int part = warp; part < parts; part += warps) {
        // Other blocks wrote them: from the L2 cache, which all of them share.
        sums.x += __ldcg(weight_parts + (size_t)part * cols + c);
        sums.y += __ldcg(bias_parts + (size_t)part * cols + c);
      }
    }
    shared[warp][lane] = sums;
    __syncthreads();
    if (warp == 0 && c < cols) {
      for (int other = 1; other < warps; other++) {
        sums.x += shared[other][lane].x;
        sums.y += shared[other][lane].y;
      }
      dweight[c] = sums.x;
      dbias[c] = sums.y;
    }
    __syncthreads();
  }
}

extern "C" __global__ void __launch_bounds__(512)
layernorm_backward(const __nv_bfloat16* __restrict__ dy, const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight,
                   const float* __restrict__ mean, const float* __restrict__ rstd, __nv_bfloat16* __restrict__ dx, float* weight_parts, float* bias_parts,
                   float* __restrict__ dweight, float* __restrict__ dbias, int rows, int cols) {
  fused_gradients(dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols);
  cooperative_groups::this_grid().sync();
  add_columns(weight_parts, bias_parts, dweight, dbias, cols);
}
