// x and dy are read once: a block takes row after row, and each thread keeps the sums of its own columns in registers meanwhile. Columns beyond 512 * 8 * VECTORS have
// their sums in memory.
#pragma once
#include "rows.cuh"

/** A block's share of the rows: dx, and what its columns sum to, as part `blockIdx.x` of the parts. */
__device__ __forceinline__ void
fused_gradients(const __nv_bfloat16* __restrict__ dy, const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight,
                const float* __restrict__ mean, const float* __restrict__ rstd, __nv_bfloat16* __restrict__ dx, float* __restrict__ weight_parts,
                float* __restrict__ bias_parts, int rows, int cols) {
  extern __shared__ float shared[];
  __shared__ float2 partial[2][16];
  weight_parts += (size_t)blockIdx.x * cols;
  bias_parts += (size_t)blockIdx.x * cols;
  const int vectors = (cols + 7) / 8, width = blockDim.x, rest = threadIdx.x + VECTORS * width;
  const int first = blockIdx.x * blockDim.y + threadIdx.y, step = gridDim.x * blockDim.y;

  Columns columns;
  int turn = 0;
  // All threads of a block take part in the same number of turns; in the last one some have no row.
  for (int row = first; row - (int)threadIdx.y < rows; row += step, turn ^= 1) {
    const bool valid = row < rows;
    const size_t start = (size_t)row * cols;
    const float mu = valid ? mean[row] : 0, scale = valid ? rstd[row] : 0;
    uint4 kept_dy[VECTORS], kept_x[VECTORS];
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int at = threadIdx.x + i * width;
      kept_dy[i] = valid && at < vectors ? load8(dy + start, 8 * at, cols) : make_uint4(0, 0, 0, 0);
      kept_x[i] = valid && at < vectors ? load8(x + start, 8 * at, cols) : make_uint4(0, 0, 0, 0);
    }
    float2 sums = make_float2(0, 0);
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int at = threadIdx.x + i * width;
      if (at < vectors) Eight(kept_dy[i], kept_x[i], load8(weight, 8 * at, cols), mu, scale).add_to(sums);
    }
    for (int at = rest; valid && at < vectors; at += width) {
      Eight(load8(dy + start, 8 * at, cols), load8(x + start, 8 * at, cols), load8(weight, 8 * at, cols), mu, scale).add_to(sums);
    }
    sums = sum_row(sums, partial[turn]);
    if (!valid) continue;

    const float2 means = make_float2(sums.x / cols, sums.y / cols);
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int at = threadIdx.x + i * width;
      if (at >= vectors) continue;
      const Eight eight(kept_dy[i], kept_x[i], load8(weight, 8 * at, cols), mu, scale);
      eight.store_gradient(dx + start, 8 * at, cols, scale, means);
      columns.add(i, eight);
    }
    for (int at = rest; at < vectors; at += width) {
      const Eight eight(load8(dy + start, 8 * at, cols), load8(x + start, 8 * at, cols), load8(weight, 8 * at, cols), mu, scale);
      eight.store_gradient(dx + start, 8 * at, cols, scale, means);
      add_in_memory(weight_parts, bias_parts, 8 * at, cols, eight, row == first);
    }
  }
  columns.store(weight_parts, bias_parts, shared, cols);
}

