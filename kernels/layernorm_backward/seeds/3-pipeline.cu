/* kiln
params: {VECTORS: 3, STAGES: 3, BLOCKS: 132}
space: {VECTORS: [1, 2, 3], STAGES: [2, 3, 4], BLOCKS: [66, 132, 264, 528]}
let:
  # A row's threads, a warp at least; short rows go several to a block.
  width: "min(512, ceil_div(ceil_div(cols, 8 * VECTORS), 32) * 32)"
  tall: max(1, 512 / width)
  parts: min(BLOCKS, ceil_div(rows, tall))
launch:
  - kernel: gradients
    grid: [parts]
    block: [width, tall]
    shared: "max(STAGES * VECTORS * width * tall * 32, min(1, tall - 1) * 8 * cols)"
    args: [dy, x, weight, mean, rstd, dx, weight_parts, bias_parts, rows, cols]
  - kernel: add_parts
    grid: [ceil_div(cols, 32)]
    block: [32, 8]
    args: [weight_parts, bias_parts, dweight, dbias, parts, cols]
scratch: {weight_parts: 4 * parts * cols, bias_parts: 4 * parts * cols}
*/
// As 2-fused, with rows on their way ahead: each thread asks by cp.async for its own pieces of the STAGES - 1 rows that come next, into places in shared memory
// that nobody else reads, so that no barrier waits for memory.
#include <cuda_bf16.h>
#include "parts.cuh"
#include "rows.cuh"
static_assert(STAGES >= 2 && STAGES * VECTORS * 512 * 32 <= 224 * 1024, "2 stages or more, as many as fit in shared memory");

/** Columns c to c + 7 of a row, into shared memory. */
__device__ void copy8(uint4* to, const __nv_bfloat16* row, int c, int cols) {
  if (cols % 8 == 0) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((unsigned)__cvta_generic_to_shared(to)), "l"(row + c) : "memory");
  } else {
    *to = load8(row, c, cols);
  }
}

extern "C" __global__ void __launch_bounds__(512)
gradients(const __nv_bfloat16* __restrict__ dy, const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight,
          const float* __restrict__ mean, const float* __restrict__ rstd, __nv_bfloat16* __restrict__ dx, float* __restrict__ weight_parts,
          float* __restrict__ bias_parts, int rows, int cols) {
  extern __shared__ __align__(16) unsigned char memory[];
  __shared__ float2 partial[2][16];
  weight_parts += (size_t)blockIdx.x * cols;
  bias_parts += (size_t)blockIdx.x * cols;
  const int vectors = (cols + 7) / 8, width = blockDim.x, rest = threadIdx.x + VECTORS * width;
  const int first = blockIdx.x * blockDim.y + threadIdx.y, step = gridDim.x * blockDim.y;
  // Our pieces: VECTORS of dy, then VECTORS of x, of every stage.
  const int threads = width * blockDim.y;
  uint4* mine = reinterpret_cast<uint4*>(memory) + threadIdx.y * width + threadIdx.x;

  const auto ask = [&](int row, int stage) {
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int at = threadIdx.x + i * width;
      if (row < rows && at < vectors) {
        copy8(mine + (stage * 2 * VECTORS + i) * threads, dy + (size_t)row * cols, 8 * at, cols);
        copy8(mine + (stage * 2 * VECTORS + VECTORS + i) * threads, x + (size_t)row * cols, 8 * at, cols);
      }
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  };
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) ask(first + s * step, s);

  Columns columns;
  int turn = 0, stage = 0;
  // All threads of a block take part in the same number of turns; in the last one some have no row.
  for (int row = first; row - (int)threadIdx.y < rows; row += step, turn ^= 1) {
    const bool valid = row < rows;
    const size_t start = (size_t)row * cols;
    const float mu = valid ? mean[row] : 0, scale = valid ? rstd[row] : 0;
    ask(row + (STAGES - 1) * step, stage == 0 ? STAGES - 1 : stage - 1);
    asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 1) : "memory");
    const uint4 *kept_dy = mine + stage * 2 * VECTORS * threads, *kept_x = kept_dy + VECTORS * threads;

    float2 sums = make_float2(0, 0);
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int at = threadIdx.x + i * width;
      if (valid && at < vectors) Eight(kept_dy[i * threads], kept_x[i * threads], load8(weight, 8 * at, cols), mu, scale).add_to(sums);
    }
    for (int at = rest; valid && at < vectors; at += width) {
      Eight(load8(dy + start, 8 * at, cols), load8(x + start, 8 * at, cols), load8(weight, 8 * at, cols), mu, scale).add_to(sums);
    }
    sums = sum_row(sums, partial[turn]);
    const float2 means = make_float2(sums.x / cols, sums.y / cols);
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
      const int at = threadIdx.x + i * width;
      if (!valid || at >= vectors) continue;
      const Eight eight(kept_dy[i * threads], kept_x[i * threads], load8(weight, 8 * at, cols), mu, scale);
      eight.store_gradient(dx + start, 8 * at, cols, scale, means);
      columns.add(i, eight);
    }
    for (int at = rest; valid && at < vectors; at += width) {
      const Eight eight(load8(dy + start, 8 * at, cols), load8(x + start, 8 * at, cols), load8(weight, 8 * at, cols), mu, scale);
      eight.store_gradient(dx + start, 8 * at, cols, scale, means);
      add_in_memory(weight_parts, bias_parts, 8 * at, cols, eight, row == first);
    }
    stage = stage == STAGES - 1 ? 0 : stage + 1;
  }
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  __syncthreads();  // the sums go where the pieces were
  columns.store(weight_parts, bias_parts, reinterpret_cast<float*>(memory), cols);
}
