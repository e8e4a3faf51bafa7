/* kiln
params: {BLOCK: 256}
launch:
  - kernel: rmsnorm
    grid: [rows]
    block: [BLOCK]
    args: [x, weight, out, cols, eps]
*/
// 16 bytes (8 values) an access where rows are 16-byte aligned. The second read of a row finds it in the cache if it is short.
#include <cuda_bf16.h>
static_assert(BLOCK % 32 == 0 && BLOCK <= 1024, "BLOCK is a multiple of a warp, at most 1024");

__device__ float sum_block(float value) {
  __shared__ float partial[BLOCK / 32];
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(~0u, value, lanes);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  float sum = 0;
#pragma unroll
  for (int w = 0; w < BLOCK / 32; w++) sum += partial[w];
  return sum;
}

union Vector {
  uint4 bits;
  __nv_bfloat162 pair[4];
};

extern "C" __global__ void __launch_bounds__(BLOCK)
rmsnorm(const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight, __nv_bfloat16* __restrict__ out, int cols, float eps) {
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;
  const int vectors = cols % 8 == 0 ? cols / 8 : 0;
  const uint4* x8 = reinterpret_cast<const uint4*>(x);
  const uint4* weight8 = reinterpret_cast<const uint4*>(weight);
  uint4* out8 = reinterpret_cast<uint4*>(out);

  float squares = 0;
  for (int i = threadIdx.x; i < vectors; i += BLOCK) {
    const Vector v = {x8[i]};
#pragma unroll
    for (int p = 0; p < 4; p++) {
      const float2 f = __bfloat1622float2(v.pair[p]);
      squares += f.x * f.x + f.y * f.y;
    }
  }
  for (int c = vectors * 8 + threadIdx.x; c < cols; c += BLOCK) squares += __bfloat162float(x[c]) * __bfloat162float(x[c]);
  const float scale = rsqrtf(sum_block(squares) / cols + eps);

  for (int i = threadIdx.x; i < vectors; i += BLOCK) {
    const Vector v = {x8[i]}, w = {weight8[i]};
    Vector r;
#pragma unroll
    for (int p = 0; p < 4; p++) {
      const float2 f = __bfloat1622float2(v.pair[p]), g = __bfloat1622float2(w.pair[p]);
      r.pair[p] = __floats2bfloat162_rn(f.x * scale * g.x, f.y * scale * g.y);
    }
    out8[i] = r.bits;
  }
  for (int c = vectors * 8 + threadIdx.x; c < cols; c += BLOCK) {
    out[c] = __float2bfloat16(__bfloat162float(x[c]) * scale * __bfloat162float(weight[c]));
  }
}
