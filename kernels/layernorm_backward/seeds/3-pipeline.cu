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
static_assert(VECTORS >= 1 && VECTORS <= 3, "VECTORS is 1 to 3: a thread's sums are 16 registers a vector");
static_assert(STAGES >= 2 && STAGES * VECTORS * 512 * 32 <= 224 * 1024, "2 stages or more, as many as fit in shared memory");

/** Eight bf16 values as f32: each is the upper half of one. */
__device__ void widen(uint4 v, float (&f)[8]) {
  const unsigned words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    f[2 * i] = __uint_as_float(words[i] << 16);
    f[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000u);
  }
}

__device__ unsigned pack(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const unsigned*>(&pair);
}

/** Columns c to c + 7 of a row: at once where rows begin at 16-byte boundaries, else one by one, with zeros beyond the end. */
__device__ uint4 load8(const __nv_bfloat16* row, int c, int cols) {
  if (cols % 8 == 0) return *reinterpret_cast<const uint4*>(row + c);
  unsigned words[4] = {};
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (c + i < cols) words[i / 2] |= (unsigned)reinterpret_cast<const unsigned short*>(row)[c + i] << i % 2 * 16;
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

__device__ void store8(__nv_bfloat16* row, int c, int cols, const float (&f)[8]) {
  if (cols % 8 == 0) {
    *reinterpret_cast<uint4*>(row + c) = make_uint4(pack(f[0], f[1]), pack(f[2], f[3]), pack(f[4], f[5]), pack(f[6], f[7]));
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (c + i < cols) row[c + i] = __float2bfloat16(f[i]);
  }
}

/** Eight columns of a row: g = dy * weight, and h, the normalised x. */
struct Eight {
  float d[8], g[8], h[8];

  __device__ Eight(uint4 dy, uint4 x, uint4 weight, float mean, float rstd) {
    widen(dy, d);
    widen(x, h);
    widen(weight, g);
#pragma unroll
    for (int i = 0; i < 8; i++) {
      g[i] *= d[i];
      h[i] = (h[i] - mean) * rstd;
    }
  }

  /** Of g, and of g * h. */
  __device__ void add_to(float2& sums) const {
#pragma unroll
    for (int i = 0; i < 8; i++) {
      sums.x += g[i];
      sums.y += g[i] * h[i];
    }
  }

  __device__ void store_gradient(__nv_bfloat16* dx, int c, int cols, float rstd, float2 means) const {
    float f[8];
#pragma unroll
    for (int i = 0; i < 8; i++) f[i] = rstd * (g[i] - means.x - h[i] * means.y);
    store8(dx, c, cols, f);
  }
};

/** Over the threads of one row. The caller alternates `shared`, so that nobody overwrites what others still read. */
__device__ float2 sum_row(float2 value, float2* shared) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    value.x += __shfl_xor_sync(~0u, value.x, lanes);
    value.y += __shfl_xor_sync(~0u, value.y, lanes);
  }
  const int warps = blockDim.x / 32;
  if (warps == 1) return value;
  shared += threadIdx.y * warps;
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  value = make_float2(0, 0);
  for (int w = 0; w < warps; w++) {
    value.x += shared[w].x;
    value.y += shared[w].y;
  }
  return value;
}

/** Sums of eight columns that lie in memory, as no register is left for them: what the block's own rows came to. */
__device__ void add_in_memory(float* weight_part, float* bias_part, int c, int cols, const Eight& eight, bool first) {
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (c + i >= cols) return;
    weight_part[c + i] = (first ? 0 : weight_part[c + i]) + eight.d[i] * eight.h[i];
    bias_part[c + i] = (first ? 0 : bias_part[c + i]) + eight.d[i];
  }
}

/** Sums of a thread's columns, over the rows that it saw. */
struct Columns {
  float weight[VECTORS][8] = {}, bias[VECTORS][8] = {};

  __device__ void add(int i, const Eight& eight) {
#pragma unroll
    for (int e = 0; e < 8; e++) {
      weight[i][e] += eight.d[e] * eight.h[e];
      bias[i][e] += eight.d[e];
    }
  }

  /** The rows of a block's threads one after the other into shared memory, then out. A block of one row has no need of that. */
  __device__ void store(float* weight_part, float* bias_part, float* shared, int cols) const {
    float *weight_sums = blockDim.y == 1 ? weight_part : shared, *bias_sums = blockDim.y == 1 ? bias_part : shared + cols;
    for (int y = 0; y < blockDim.y; y++) {
#pragma unroll
      for (int i = 0; i < VECTORS; i++) {
#pragma unroll
        for (int e = 0; e < 8; e++) {
          const int c = (threadIdx.x + i * blockDim.x) * 8 + e;
          if (threadIdx.y != y || c >= cols) continue;
          weight_sums[c] = (y == 0 ? 0 : weight_sums[c]) + weight[i][e];
          bias_sums[c] = (y == 0 ? 0 : bias_sums[c]) + bias[i][e];
        }
      }
      __syncthreads();
    }
    if (blockDim.y == 1) return;
    for (int c = threadIdx.y * blockDim.x + threadIdx.x; c < cols; c += blockDim.x * blockDim.y) {
      weight_part[c] = shared[c];
      bias_part[c] = shared[cols + c];
    }
  }
};

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

/** Adds up what the `parts` groups of rows came to, always in the same order. */
extern "C" __global__ void add_parts(const float* weight_parts, const float* bias_parts, float* dweight, float* dbias, int parts, int cols) {
  __shared__ float2 shared[8][32];
  const int x = threadIdx.x, y = threadIdx.y, c = blockIdx.x * 32 + x;
  float2 sums = make_float2(0, 0);
  if (c < cols) {
    for (int part = y; part < parts; part += 8) {
      sums.x += weight_parts[(size_t)part * cols + c];
      sums.y += bias_parts[(size_t)part * cols + c];
    }
  }
  shared[y][x] = sums;
  __syncthreads();
  if (y > 0 || c >= cols) return;
#pragma unroll
  for (int other = 1; other < 8; other++) {
    sums.x += shared[other][x].x;
    sums.y += shared[other][x].y;
  }
  dweight[c] = sums.x;
  dbias[c] = sums.y;
}
