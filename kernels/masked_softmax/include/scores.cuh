// Eight scores of a row at a time, those that are not kept being minus infinity; and what a row comes to.
#pragma once

constexpr unsigned HIDDEN = 0xFF80;  // minus infinity as bf16
#define LOWEST __int_as_float(0xFF800000)
constexpr float LOG2_E = 1.44269504f;

/** Four bytes of the mask, each 0 or 1, and their four scores, two a word. */
__device__ void hide(unsigned kept, unsigned& first, unsigned& second) {
  if (!(kept & 0x1)) first = (first & 0xFFFF0000u) | HIDDEN;
  if (!(kept & 0x100)) first = (first & 0xFFFFu) | HIDDEN << 16;
  if (!(kept & 0x10000)) second = (second & 0xFFFF0000u) | HIDDEN;
  if (!(kept & 0x1000000)) second = (second & 0xFFFFu) | HIDDEN << 16;
}

/** Keys k to k + 7 of a row: at once where rows begin at boundaries of 8 keys, else one by one. What is hidden or beyond `end` is minus infinity. */
__device__ uint4 load8(const __nv_bfloat16* x, const unsigned char* mask, int k, int end, bool aligned) {
  if (aligned) {
    uint4 v = __ldcs(reinterpret_cast<const uint4*>(x + k));
    const uint2 kept = *reinterpret_cast<const uint2*>(mask + k);
    hide(kept.x, v.x, v.y);
    hide(kept.y, v.z, v.w);
    return v;
  }
  unsigned words[4];
#pragma unroll
  for (int i = 0; i < 4; i++) words[i] = HIDDEN << 16 | HIDDEN;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (k + i < end && mask[k + i]) {
      const unsigned score = reinterpret_cast<const unsigned short*>(x)[k + i];
      words[i / 2] = i % 2 == 0 ? (words[i / 2] & 0xFFFF0000u) | score : (words[i / 2] & 0xFFFFu) | score << 16;
    }
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

/** As f32: bf16 is its upper half. */
__device__ void widen(uint4 v, float (&f)[8]) {
  const unsigned words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    f[2 * i] = __uint_as_float(words[i] << 16);
    f[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000u);
  }
}

__device__ float largest_of(uint4 v) {
  float f[8], largest = LOWEST;
  widen(v, f);
#pragma unroll
  for (int i = 0; i < 8; i++) largest = fmaxf(largest, f[i]);
  return largest;
}

/** What the scores of some keys of a row come to: their largest, and the sum of e^(scale * (score - largest)); of none that is kept, minus infinity and 0. */
struct Total {
  float largest, sum;
};

/** `factor`: scale * log2(e), of all functions here. */
__device__ float weight_of(float score, float largest, float factor) { return exp2f((score - largest) * factor); }

__device__ Total merge(Total a, Total b, float factor) {
  const float largest = fmaxf(a.largest, b.largest);
  const float sum = (a.sum > 0 ? a.sum * weight_of(a.largest, largest, factor) : 0) + (b.sum > 0 ? b.sum * weight_of(b.largest, largest, factor) : 0);
  return {largest, sum};
}

/** The sum of the weights of eight keys, of which one may be kept at least where `largest` is no minus infinity. */
__device__ float sum_of(uint4 v, float largest, float factor) {
  if (largest == LOWEST) return 0;
  float f[8], sum = 0;
  widen(v, f);
#pragma unroll
  for (int i = 0; i < 8; i++) sum += weight_of(f[i], largest, factor);
  return sum;
}

/** Weights times `by`, which is 0 where no key of the row is kept. */
__device__ void store8(__nv_bfloat16* out, int k, int end, bool aligned, uint4 v, float largest, float factor, float by) {
  float f[8];
  unsigned words[4];
  widen(v, f);
#pragma unroll
  for (int i = 0; i < 8; i++) f[i] = by > 0 ? weight_of(f[i], largest, factor) * by : 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(f[2 * i], f[2 * i + 1]);
    words[i] = *reinterpret_cast<const unsigned*>(&pair);
  }
  if (aligned) {
    __stcs(reinterpret_cast<uint4*>(out + k), make_uint4(words[0], words[1], words[2], words[3]));
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (k + i < end) reinterpret_cast<unsigned short*>(out)[k + i] = words[i / 2] >> i % 2 * 16;
  }
}

/** Over the threads of a row, a warp or a whole block; every one of them gets it. */
__device__ Total merge_row(Total total, float factor) {
  __shared__ Total partial[32];
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    total = merge(total, {__shfl_xor_sync(~0u, total.largest, lanes), __shfl_xor_sync(~0u, total.sum, lanes)}, factor);
  }
  const int warps = blockDim.x / 32;
  if (warps == 1) return total;
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = total;
  __syncthreads();
  total = partial[0];
  for (int w = 1; w < warps; w++) total = merge(total, partial[w], factor);
  return total;
}

/** Row `row` of the mask that row `row` of the scores has. */
__device__ size_t mask_row(size_t row, int heads, int queries) { return row / (heads * queries) * queries + row % queries; }
