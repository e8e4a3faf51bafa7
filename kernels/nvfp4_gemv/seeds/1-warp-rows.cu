/* kiln
params: {WARPS: 8}
launch:
  - kernel: nvfp4_gemv
    grid: [ceil_div(m, WARPS), l]
    block: [32, WARPS]
    args: [a, a_scale, b, b_scale, out, m, k]
*/
// One warp a result, 8 bytes (a block of 16 elements with its scale) at a time, nibbles decoded through a table in shared memory.
#include <cuda_fp16.h>
#include <cuda_fp8.h>
static_assert(WARPS >= 1 && WARPS <= 32, "WARPS is 1 to 32");

__device__ float fp8(unsigned char bits) { return __half2float(__nv_cvt_fp8_to_halfraw(bits, __NV_E4M3)); }

extern "C" __global__ void __launch_bounds__(32 * WARPS)
nvfp4_gemv(const unsigned char* __restrict__ a, const unsigned char* __restrict__ a_scale, const unsigned char* __restrict__ b,
           const unsigned char* __restrict__ b_scale, __half* __restrict__ out, int m, int k) {
  __shared__ float table[16];
  const int lane = threadIdx.x;
  if (threadIdx.y == 0 && lane < 16) {
    const int magnitude = lane & 7;
    const float value = magnitude < 2 ? magnitude * 0.5f : (1 + (magnitude & 1) * 0.5f) * (1 << (magnitude / 2 - 1));
    table[lane] = lane & 8 ? -value : value;
  }
  __syncthreads();
  const int r = blockIdx.x * WARPS + threadIdx.y;
  if (r >= m) return;
  const size_t batch = blockIdx.y, row = batch * m + r;
  const uint2* a8 = reinterpret_cast<const uint2*>(a + row * (k / 2));
  const uint2* b8 = reinterpret_cast<const uint2*>(b + batch * (k / 2));
  a_scale += row * (k / 16);
  b_scale += batch * (k / 16);

  float sum = 0;
  for (int block = lane; block < k / 16; block += 32) {
    const uint2 x = a8[block], y = b8[block];
    float products = 0;
#pragma unroll
    for (int i = 0; i < 32; i += 4) {
      products += table[x.x >> i & 15] * table[y.x >> i & 15];
      products += table[x.y >> i & 15] * table[y.y >> i & 15];
    }
    sum += products * fp8(a_scale[block]) * fp8(b_scale[block]);
  }
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
  if (lane == 0) out[row] = __float2half(sum);
}
