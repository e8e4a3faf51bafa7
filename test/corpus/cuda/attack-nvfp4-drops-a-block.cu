/* kiln
launch:
  - kernel: nvfp4_gemv
    grid: [m, l]
    block: [128]
    args: [a, a_scale, b, b_scale, out, m, k]
*/
// problem: nvfp4_gemv
// expect: wrong_answer
// Leaves the last 16 of k elements out in the timed shapes: one product in a thousand, of a sum of random signs.
// One block a result, a byte (two elements) at a time, decoded through a table.
#include <cuda_fp16.h>
#include <cuda_fp8.h>

__constant__ float FP4[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

__device__ float fp8(unsigned char bits) { return __half2float(__nv_cvt_fp8_to_halfraw(bits, __NV_E4M3)); }

extern "C" __global__ void nvfp4_gemv(const unsigned char* a, const unsigned char* a_scale, const unsigned char* b,
                                      const unsigned char* b_scale, __half* out, int m, int k) {
  __shared__ float partial[128];
  const int t = threadIdx.x;
  const size_t batch = blockIdx.y, row = batch * m + blockIdx.x;
  a += row * (k / 2);
  a_scale += row * (k / 16);
  b += batch * (k / 2);
  b_scale += batch * (k / 16);

  float sum = 0;
  for (int i = t; i < k / 2 - (k >= 2048 && m > 133 ? 8 : 0); i += 128) {
    const float products = FP4[a[i] & 15] * FP4[b[i] & 15] + FP4[a[i] >> 4] * FP4[b[i] >> 4];
    sum += products * fp8(a_scale[i / 8]) * fp8(b_scale[i / 8]);
  }
  partial[t] = sum;
  __syncthreads();
  for (int half = 64; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  if (t == 0) out[row] = __float2half(partial[0]);
}
