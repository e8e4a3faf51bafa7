/* kiln
launch:
  - kernel: nvfp4_gemv_reference
    grid: [m, l]
    block: [128]
    args: [a, a_scale, b, b_scale, out, m, k]
*/
// One block a result, one element at a time, sums in double.
#include <cuda_fp16.h>

/** e2m1: sign, two bits of exponent (bias 1), one of mantissa. */
__device__ double fp4(int bits) {
  const double magnitudes[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  return bits & 8 ? -magnitudes[bits & 7] : magnitudes[bits & 7];
}

/** e4m3: sign, four bits of exponent (bias 7), three of mantissa; no infinities, 0x7F and 0xFF are NaN. */
__device__ double fp8(int bits) {
  const int exponent = bits >> 3 & 15, mantissa = bits & 7;
  if ((bits & 127) == 127) return nan("");
  const double magnitude = exponent == 0 ? ldexp(mantissa / 8.0, -6) : ldexp(1 + mantissa / 8.0, exponent - 7);
  return bits & 128 ? -magnitude : magnitude;
}

/** Element p of a packed row: the even one of a byte is its low nibble. */
__device__ double element(const unsigned char* row, int p) { return fp4(p % 2 == 0 ? row[p / 2] & 15 : row[p / 2] >> 4); }

extern "C" __global__ void nvfp4_gemv_reference(const unsigned char* a, const unsigned char* a_scale, const unsigned char* b,
                                                const unsigned char* b_scale, __half* out, int m, int k) {
  __shared__ double partial[128];
  const int t = threadIdx.x;
  const size_t batch = blockIdx.y, row = batch * m + blockIdx.x;
  a += row * (k / 2);
  a_scale += row * (k / 16);
  b += batch * (k / 2);
  b_scale += batch * (k / 16);

  double sum = 0;
  for (int p = t; p < k; p += 128) sum += element(a, p) * fp8(a_scale[p / 16]) * element(b, p) * fp8(b_scale[p / 16]);
  partial[t] = sum;
  __syncthreads();
  for (int half = 64; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  if (t == 0) out[row] = __float2half((float)partial[0]);
}
