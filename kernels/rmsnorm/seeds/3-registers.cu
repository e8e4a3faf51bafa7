/* kiln
params: {VECTORS: 4}
launch:
  - kernel: rmsnorm
    grid: [rows]
    # As many threads as a row fills with VECTORS accesses of 8 values each.
    block: ["max(32, min(1024, next_pow2(ceil_div(cols, 8 * VECTORS))))"]
    args: [x, weight, out, cols, eps]
*/
// Each row is read once, all of a thread's loads in flight together, and stays in registers until it is scaled and written.
// The weight is the same for all rows and lives in the caches. A row longer than 8192 * VECTORS is read twice beyond that.
#include <cuda_bf16.h>
static_assert(VECTORS >= 1 && VECTORS <= 8, "VECTORS is 1 to 8");

__device__ float sum_block(float value) {
  __shared__ float partial[32];
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(~0u, value, lanes);
  const int warps = blockDim.x / 32, lane = threadIdx.x % 32;
  if (warps == 1) return value;
  if (lane == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = lane < warps ? partial[lane] : 0;
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(~0u, value, lanes);
  return value;
}

/** A word of two bf16 values as f32: each is the upper half of one. */
__device__ float2 unpack(unsigned word) { return make_float2(__uint_as_float(word << 16), __uint_as_float(word & 0xFFFF0000u)); }

__device__ unsigned pack(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const unsigned*>(&pair);
}

__device__ float squares_of(unsigned word) {
  const float2 f = unpack(word);
  return f.x * f.x + f.y * f.y;
}

__device__ float squares_of(uint4 v) { return (squares_of(v.x) + squares_of(v.y)) + (squares_of(v.z) + squares_of(v.w)); }

__device__ unsigned normalised(unsigned word, unsigned weight, float scale) {
  const float2 f = unpack(word), w = unpack(weight);
  return pack(f.x * scale * w.x, f.y * scale * w.y);
}

__device__ uint4 normalised(uint4 v, uint4 w, float scale) {
  return make_uint4(normalised(v.x, w.x, scale), normalised(v.y, w.y, scale), normalised(v.z, w.z, scale), normalised(v.w, w.w, scale));
}

extern "C" __global__ void __launch_bounds__(1024)
rmsnorm(const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight, __nv_bfloat16* __restrict__ out, int cols, float eps) {
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;
  const int threads = blockDim.x, t = threadIdx.x;
  const int vectors = cols % 8 == 0 ? cols / 8 : 0;
  const uint4* x8 = reinterpret_cast<const uint4*>(x);
  const uint4* weight8 = reinterpret_cast<const uint4*>(weight);
  uint4* out8 = reinterpret_cast<uint4*>(out);

  uint4 v[VECTORS];
#pragma unroll
  for (int i = 0; i < VECTORS; i++) v[i] = t + i * threads < vectors ? __ldcs(x8 + t + i * threads) : make_uint4(0, 0, 0, 0);
  float squares = 0;
#pragma unroll
  for (int i = 0; i < VECTORS; i++) squares += squares_of(v[i]);
  for (int i = t + VECTORS * threads; i < vectors; i += threads) squares += squares_of(x8[i]);
  for (int c = vectors * 8 + t; c < cols; c += threads) squares += __bfloat162float(x[c]) * __bfloat162float(x[c]);
  const float scale = rsqrtf(sum_block(squares) / cols + eps);

#pragma unroll
  for (int i = 0; i < VECTORS; i++) {
    const int at = t + i * threads;
    if (at < vectors) __stcs(out8 + at, normalised(v[i], weight8[at], scale));
  }
  for (int i = t + VECTORS * threads; i < vectors; i += threads) out8[i] = normalised(x8[i], weight8[i], scale);
  for (int c = vectors * 8 + t; c < cols; c += threads) {
    out[c] = __float2bfloat16(__bfloat162float(x[c]) * scale * __bfloat162float(weight[c]));
  }
}
