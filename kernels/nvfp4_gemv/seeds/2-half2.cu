/* kiln
params: {WARPS: 4}
launch:
  - kernel: nvfp4_gemv
    grid: [ceil_div(m, WARPS), l]
    block: [32, WARPS]
    args: [a, a_scale, b, b_scale, out, m, k]
*/
// 16 bytes (two blocks of 16 elements) at a time, decoded by moving bits. The three bits of a magnitude, put at bits 9 to 11 of an f16,
// are the value times 2^-14 (subnormals included), so a pair of elements costs two shifts and a LOP3. b is scaled up by 2^13,
// which leaves the products halved and inside f16's range: sums of 8 products of one lane are at most 144 in steps of 1/8, which
// f16 holds exactly. Only sums of whole blocks, times their scales, need f32.
#include <cuda_fp16.h>
#include <cuda_fp8.h>
static_assert(WARPS >= 1 && WARPS <= 32, "WARPS is 1 to 32");

/** Elements i and i + 4 of a word's eight, times 2^-14. */
template <int I>
__device__ __half2 decode(unsigned word) {
  constexpr int sign = 12 - 4 * I, magnitude = 9 - 4 * I;
  const unsigned signs = word << sign & 0x80008000u;
  const unsigned magnitudes = (magnitude >= 0 ? word << (magnitude & 31) : word >> (-magnitude & 31)) & 0x0E000E00u;
  const unsigned bits = signs | magnitudes;
  return *reinterpret_cast<const __half2*>(&bits);
}

/** b's elements, times 2^13: from 2^-14 in two steps, since 2^27 is no f16. */
template <int I>
__device__ __half2 decode_up(unsigned word) {
  return __hmul2(__hmul2(decode<I>(word), __float2half2_rn(16384)), __float2half2_rn(8192));
}

/** Adds the eight products of two words, halved. */
__device__ __half2 dot8(unsigned a, unsigned b, __half2 sum) {
  sum = __hfma2(decode<0>(a), decode_up<0>(b), sum);
  sum = __hfma2(decode<1>(a), decode_up<1>(b), sum);
  sum = __hfma2(decode<2>(a), decode_up<2>(b), sum);
  return __hfma2(decode<3>(a), decode_up<3>(b), sum);
}

__device__ float2 fp8_pair(unsigned short bits) {
  const __half2_raw raw = __nv_cvt_fp8x2_to_halfraw2(bits, __NV_E4M3);
  return __half22float2(*reinterpret_cast<const __half2*>(&raw));
}

__device__ float both(__half2 v) {
  const float2 f = __half22float2(v);
  return f.x + f.y;
}

extern "C" __global__ void __launch_bounds__(32 * WARPS)
nvfp4_gemv(const unsigned char* __restrict__ a, const unsigned char* __restrict__ a_scale, const unsigned char* __restrict__ b,
           const unsigned char* __restrict__ b_scale, __half* __restrict__ out, int m, int k) {
  const int r = blockIdx.x * WARPS + threadIdx.y, lane = threadIdx.x;
  if (r >= m) return;
  const size_t batch = blockIdx.y, row = batch * m + r;
  const uint4* a16 = reinterpret_cast<const uint4*>(a + row * (k / 2));
  const uint4* b16 = reinterpret_cast<const uint4*>(b + batch * (k / 2));
  const unsigned short* a_scale2 = reinterpret_cast<const unsigned short*>(a_scale + row * (k / 16));
  const unsigned short* b_scale2 = reinterpret_cast<const unsigned short*>(b_scale + batch * (k / 16));

  float sum = 0;
#pragma unroll 2
  for (int i = lane; i < k / 32; i += 32) {
    const uint4 x = __ldcs(a16 + i), y = b16[i];
    const float2 scale = fp8_pair(a_scale2[i]), with = fp8_pair(b_scale2[i]);
    const __half2 zero = __float2half2_rn(0);
    sum += both(dot8(x.y, y.y, dot8(x.x, y.x, zero))) * (scale.x * with.x);
    sum += both(dot8(x.w, y.w, dot8(x.z, y.z, zero))) * (scale.y * with.y);
  }
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
  if (lane == 0) out[row] = __float2half(sum * 2);
}
