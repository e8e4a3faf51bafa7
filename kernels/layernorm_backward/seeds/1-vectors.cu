/* kiln
params: {VECTORS: 2, ROWS: 128}
space: {VECTORS: [1, 2, 4], ROWS: [32, 64, 128, 256, 512]}
let:
  parts: ceil_div(rows, ROWS)
launch:
  - kernel: input_gradient
    grid: [rows]
    # As many threads as a row fills with VECTORS accesses of 8 values each.
    block: ["max(32, min(1024, next_pow2(ceil_div(cols, 8 * VECTORS))))"]
    args: [dy, x, weight, mean, rstd, dx, cols]
  - kernel: parameter_gradients
    grid: [ceil_div(cols, 256), parts]
    block: [32, 8]
    args: [dy, x, mean, rstd, weight_parts, bias_parts, rows, cols]
  - kernel: add_parts
    grid: [ceil_div(cols, 32)]
    block: [32, 8]
    args: [weight_parts, bias_parts, dweight, dbias, parts, cols]
scratch: {weight_parts: 4 * parts * cols, bias_parts: 4 * parts * cols}
*/
// 16 bytes an access. For dx a block a row, which stays in registers; for the parameters a second read of everything, in parts of ROWS rows by 256 columns,
// whose sums are added up by a last launch: the result is the same in every run.
#include <cuda_bf16.h>
static_assert(VECTORS >= 1 && VECTORS <= 4, "VECTORS is 1 to 4");
static_assert(ROWS >= 8, "ROWS is 8 or more");

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

__device__ float2 sum_block(float2 value) {
  __shared__ float2 partial[32];
  const int warps = blockDim.x / 32, lane = threadIdx.x % 32;
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    value.x += __shfl_xor_sync(~0u, value.x, lanes);
    value.y += __shfl_xor_sync(~0u, value.y, lanes);
  }
  if (warps == 1) return value;
  if (lane == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = lane < warps ? partial[lane] : make_float2(0, 0);
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    value.x += __shfl_xor_sync(~0u, value.x, lanes);
    value.y += __shfl_xor_sync(~0u, value.y, lanes);
  }
  return value;
}

extern "C" __global__ void __launch_bounds__(1024)
input_gradient(const __nv_bfloat16* __restrict__ dy, const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight,
               const float* __restrict__ mean, const float* __restrict__ rstd, __nv_bfloat16* __restrict__ dx, int cols) {
  const size_t row = blockIdx.x;
  dy += row * cols;
  x += row * cols;
  dx += row * cols;
  const float mu = mean[row], scale = rstd[row];
  const int vectors = (cols + 7) / 8, threads = blockDim.x, rest = threadIdx.x + VECTORS * threads;

  uint4 kept_dy[VECTORS], kept_x[VECTORS];
#pragma unroll
  for (int i = 0; i < VECTORS; i++) {
    const int at = threadIdx.x + i * threads;
    kept_dy[i] = at < vectors ? load8(dy, 8 * at, cols) : make_uint4(0, 0, 0, 0);
    kept_x[i] = at < vectors ? load8(x, 8 * at, cols) : make_uint4(0, 0, 0, 0);
  }
  float2 sums = make_float2(0, 0);
#pragma unroll
  for (int i = 0; i < VECTORS; i++) {
    const int at = threadIdx.x + i * threads;
    if (at < vectors) Eight(kept_dy[i], kept_x[i], load8(weight, 8 * at, cols), mu, scale).add_to(sums);
  }
  for (int at = rest; at < vectors; at += threads) {
    Eight(load8(dy, 8 * at, cols), load8(x, 8 * at, cols), load8(weight, 8 * at, cols), mu, scale).add_to(sums);
  }
  sums = sum_block(sums);
  const float2 means = make_float2(sums.x / cols, sums.y / cols);

#pragma unroll
  for (int i = 0; i < VECTORS; i++) {
    const int at = threadIdx.x + i * threads;
    if (at < vectors) Eight(kept_dy[i], kept_x[i], load8(weight, 8 * at, cols), mu, scale).store_gradient(dx, 8 * at, cols, scale, means);
  }
  for (int at = rest; at < vectors; at += threads) {
    Eight(load8(dy, 8 * at, cols), load8(x, 8 * at, cols), load8(weight, 8 * at, cols), mu, scale).store_gradient(dx, 8 * at, cols, scale, means);
  }
}

extern "C" __global__ void __launch_bounds__(256)
parameter_gradients(const __nv_bfloat16* __restrict__ dy, const __nv_bfloat16* __restrict__ x, const float* __restrict__ mean,
                    const float* __restrict__ rstd, float* __restrict__ weight_parts, float* __restrict__ bias_parts, int rows, int cols) {
  __shared__ float shared[2][8][256];
  const int c = (blockIdx.x * 32 + threadIdx.x) * 8, end = min(rows, ((int)blockIdx.y + 1) * ROWS);
  float weight_sums[8] = {}, bias_sums[8] = {};
  if (c < cols) {
#pragma unroll 4
    for (int row = blockIdx.y * ROWS + threadIdx.y; row < end; row += 8) {
      float d[8], h[8];
      widen(load8(dy + (size_t)row * cols, c, cols), d);
      widen(load8(x + (size_t)row * cols, c, cols), h);
      const float mu = mean[row], scale = rstd[row];
#pragma unroll
      for (int i = 0; i < 8; i++) {
        weight_sums[i] += d[i] * ((h[i] - mu) * scale);
        bias_sums[i] += d[i];
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
    shared[0][threadIdx.y][threadIdx.x + 32 * i] = weight_sums[i];
    shared[1][threadIdx.y][threadIdx.x + 32 * i] = bias_sums[i];
  }
  __syncthreads();
  // Thread t adds up column t of the block's 256, which is where its owner put it.
  const int t = threadIdx.y * 32 + threadIdx.x, column = blockIdx.x * 256 + t;
  if (column >= cols) return;
  float2 sums = make_float2(0, 0);
#pragma unroll
  for (int y = 0; y < 8; y++) {
    sums.x += shared[0][y][t / 8 + t % 8 * 32];
    sums.y += shared[1][y][t / 8 + t % 8 * 32];
  }
  weight_parts[(size_t)blockIdx.y * cols + column] = sums.x;
  bias_parts[(size_t)blockIdx.y * cols + column] = sums.y;
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
