/* kiln
params: {WARPS: 4, ROWS: 4, UNROLL: 2}
launch:
  - kernel: nvfp4_gemv
    grid: [ceil_div(m, WARPS * ROWS), l]
    block: [32, WARPS]
    args: [a, a_scale, b, b_scale, out, m, k]
*/
// As 2-half2, with ROWS results a warp: each piece of b is read and decoded once for ROWS rows of a, and UNROLL * ROWS independent
// 16-byte loads of a are in flight for each lane.
#include <cuda_fp16.h>
#include <cuda_fp8.h>
static_assert(WARPS >= 1 && WARPS <= 32, "WARPS is 1 to 32");
static_assert(ROWS >= 1 && ROWS <= 8 && UNROLL >= 1 && UNROLL <= 4, "ROWS is 1 to 8, UNROLL 1 to 4");

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

/** 16 elements of b, times 2^13: with a's 2^-14, products are halved. */
struct Block {
  __half2 pair[8];

  __device__ Block(unsigned low, unsigned high)
      : pair{decode_up<0>(low),  decode_up<1>(low),  decode_up<2>(low),  decode_up<3>(low),
             decode_up<0>(high), decode_up<1>(high), decode_up<2>(high), decode_up<3>(high)} {}

  /** Half the sum of the 16 products: exact, see 2-half2. */
  __device__ float dot(unsigned low, unsigned high) const {
    __half2 sum = __hmul2(decode<0>(low), pair[0]);
    sum = __hfma2(decode<1>(low), pair[1], sum);
    sum = __hfma2(decode<2>(low), pair[2], sum);
    sum = __hfma2(decode<3>(low), pair[3], sum);
    sum = __hfma2(decode<0>(high), pair[4], sum);
    sum = __hfma2(decode<1>(high), pair[5], sum);
    sum = __hfma2(decode<2>(high), pair[6], sum);
    sum = __hfma2(decode<3>(high), pair[7], sum);
    const float2 f = __half22float2(sum);
    return f.x + f.y;
  }
};

__device__ float2 fp8_pair(unsigned short bits) {
  const __half2_raw raw = __nv_cvt_fp8x2_to_halfraw2(bits, __NV_E4M3);
  return __half22float2(*reinterpret_cast<const __half2*>(&raw));
}

extern "C" __global__ void __launch_bounds__(32 * WARPS)
nvfp4_gemv(const unsigned char* __restrict__ a, const unsigned char* __restrict__ a_scale, const unsigned char* __restrict__ b,
           const unsigned char* __restrict__ b_scale, __half* __restrict__ out, int m, int k) {
  const int lane = threadIdx.x, pieces = k / 32;
  const int r0 = (blockIdx.x * WARPS + threadIdx.y) * ROWS;
  if (r0 >= m) return;
  const size_t batch = blockIdx.y;
  const uint4* b16 = reinterpret_cast<const uint4*>(b + batch * (k / 2));
  const unsigned short* b_scale2 = reinterpret_cast<const unsigned short*>(b_scale + batch * (k / 16));
  const uint4* a16[ROWS];
  const unsigned short* a_scale2[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    const size_t row = batch * m + min(r0 + r, m - 1);  // rows past the end do the last one again, and are not written
    a16[r] = reinterpret_cast<const uint4*>(a + row * (k / 2));
    a_scale2[r] = reinterpret_cast<const unsigned short*>(a_scale + row * (k / 16));
  }

  float sum[ROWS] = {};
  for (int i0 = lane; i0 < pieces; i0 += 32 * UNROLL) {
    uint4 x[UNROLL][ROWS];
    unsigned short scale[UNROLL][ROWS];
#pragma unroll
    for (int u = 0; u < UNROLL; u++) {
      const int i = i0 + 32 * u;
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        x[u][r] = i < pieces ? __ldcs(a16[r] + i) : make_uint4(0, 0, 0, 0);
        scale[u][r] = i < pieces ? __ldcs(a_scale2[r] + i) : 0;
      }
    }
#pragma unroll
    for (int u = 0; u < UNROLL; u++) {
      const int i = min(i0 + 32 * u, pieces - 1);  // past the end, a is zero
      const uint4 y = b16[i];
      const float2 with = fp8_pair(b_scale2[i]);
      const Block first(y.x, y.y), second(y.z, y.w);
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        const float2 by = fp8_pair(scale[u][r]);
        sum[r] += first.dot(x[u][r].x, x[u][r].y) * (by.x * with.x);
        sum[r] += second.dot(x[u][r].z, x[u][r].w) * (by.y * with.y);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2) sum[r] += __shfl_xor_sync(~0u, sum[r], lanes);
    if (lane == r && r0 + r < m) out[batch * m + r0 + r] = __float2half(sum[r] * 2);
  }
}
