/* kiln
params: {BLOCK: 512}
launch:
  - kernel: rmsnorm
    grid: [rows]
    block: [BLOCK]
    args: [x, weight, out, cols, eps]
*/
// Two values an access where rows are 4-byte aligned, shuffles in place of a tree; still two reads of each row.
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

extern "C" __global__ void __launch_bounds__(BLOCK)
rmsnorm(const __nv_bfloat16* __restrict__ x, const __nv_bfloat16* __restrict__ weight, __nv_bfloat16* __restrict__ out, int cols, float eps) {
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;
  const int pairs = cols % 2 == 0 ? cols / 2 : 0;
  const __nv_bfloat162* x2 = reinterpret_cast<const __nv_bfloat162*>(x);
  const __nv_bfloat162* weight2 = reinterpret_cast<const __nv_bfloat162*>(weight);
  __nv_bfloat162* out2 = reinterpret_cast<__nv_bfloat162*>(out);

  float squares = 0;
  for (int i = threadIdx.x; i < pairs; i += BLOCK) {
    const float2 v = __bfloat1622float2(x2[i]);
    squares += v.x * v.x + v.y * v.y;
  }
  for (int c = pairs * 2 + threadIdx.x; c < cols; c += BLOCK) squares += __bfloat162float(x[c]) * __bfloat162float(x[c]);
  const float scale = rsqrtf(sum_block(squares) / cols + eps);

  for (int i = threadIdx.x; i < pairs; i += BLOCK) {
    const float2 v = __bfloat1622float2(x2[i]), w = __bfloat1622float2(weight2[i]);
    out2[i] = __floats2bfloat162_rn(v.x * scale * w.x, v.y * scale * w.y);
  }
  for (int c = pairs * 2 + threadIdx.x; c < cols; c += BLOCK) {
    out[c] = __float2bfloat16(__bfloat162float(x[c]) * scale * __bfloat162float(weight[c]));
  }
}
