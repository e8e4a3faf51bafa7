/* kiln
params: {WARPS: 16, AHEAD: 4}
space: {WARPS: [4, 8, 16], AHEAD: [1, 2, 4]}
launch:
  - kernel: attention
    grid: [kv_heads, batch]
    block: [32, WARPS]
    args: [q, k_pages, v_pages, page_starts, page_table, last_page, out, scale, kv_heads, group]
*/
// A block for each sequence and head of keys and values, whose query heads are done together: keys and values are read once. A warp a token, four of the 128
// numbers a lane, AHEAD tokens on their way at once.
#include <cuda_bf16.h>
static_assert(WARPS >= 4 && WARPS <= 16, "WARPS is 4 to 16: 128 threads or more");
static_assert(AHEAD >= 1 && AHEAD <= 8, "AHEAD is 1 to 8");

constexpr int HEADS = 8;  // at most so many query heads share a head of keys and values
constexpr float LOWEST = -3.4028235e38f;

__device__ float4 load4(const __nv_bfloat16* from) {
  const uint2 words = *reinterpret_cast<const uint2*>(from);
  return make_float4(__uint_as_float(words.x << 16), __uint_as_float(words.x & 0xFFFF0000u), __uint_as_float(words.y << 16),
                     __uint_as_float(words.y & 0xFFFF0000u));
}

/** What a warp has of each of its query heads: four of the 128 numbers a lane. Logits are in powers of two. */
struct Heads {
  float4 query[HEADS], result[HEADS];
  float largest[HEADS], total[HEADS];
  int group;

  __device__ Heads(const __nv_bfloat16* q, float scale, int group) : group(group) {
#pragma unroll
    for (int g = 0; g < HEADS; g++) {
      query[g] = result[g] = make_float4(0, 0, 0, 0);
      largest[g] = LOWEST;
      total[g] = 0;
      if (g >= group) continue;
      const float4 v = load4(q + g * 128 + 4 * threadIdx.x);
      query[g] = make_float4(v.x * scale, v.y * scale, v.z * scale, v.w * scale);
    }
  }

  __device__ void add(float4 key, float4 value) {
#pragma unroll
    for (int g = 0; g < HEADS; g++) {
      if (g >= group) break;
      float logit = query[g].x * key.x + query[g].y * key.y + query[g].z * key.z + query[g].w * key.w;
#pragma unroll
      for (int lanes = 16; lanes > 0; lanes /= 2) logit += __shfl_xor_sync(~0u, logit, lanes);
      const float larger = fmaxf(largest[g], logit), before = exp2f(largest[g] - larger), weight = exp2f(logit - larger);
      result[g] = make_float4(result[g].x * before + weight * value.x, result[g].y * before + weight * value.y,
                              result[g].z * before + weight * value.z, result[g].w * before + weight * value.w);
      total[g] = total[g] * before + weight;
      largest[g] = larger;
    }
  }

  /** All tokens from `first` that are `step` apart, before `end`; several are on their way at once. */
  __device__ void add_tokens(const __nv_bfloat16* k_pages, const __nv_bfloat16* v_pages, const int* table, int first, int end, int step, int kv_heads, int kv) {
    for (int t0 = first; t0 < end; t0 += step * AHEAD) {
      uint2 keys[AHEAD], values[AHEAD];
#pragma unroll
      for (int i = 0; i < AHEAD; i++) {
        const int t = min(t0 + i * step, end - 1);
        const size_t at = (((size_t)table[t / 16] * 16 + t % 16) * kv_heads + kv) * 128 + 4 * threadIdx.x;
        keys[i] = __ldcs(reinterpret_cast<const uint2*>(k_pages + at));
        values[i] = __ldcs(reinterpret_cast<const uint2*>(v_pages + at));
      }
#pragma unroll
      for (int i = 0; i < AHEAD; i++) {
        if (t0 + i * step < end) add(load4(reinterpret_cast<const __nv_bfloat16*>(&keys[i])), load4(reinterpret_cast<const __nv_bfloat16*>(&values[i])));
      }
    }
  }
};

/** One head of all warps of a block, at number `d` of the 128; every thread takes part. */
struct Merge {
  float results[WARPS][128], largest[WARPS], total[WARPS];

  __device__ void put(const Heads& heads, int g) {
    *reinterpret_cast<float4*>(&results[threadIdx.y][4 * threadIdx.x]) = heads.result[g];
    largest[threadIdx.y] = heads.largest[g];
    total[threadIdx.y] = heads.total[g];
  }

  __device__ void get(int d, float& result, float& highest, float& sum) const {
    highest = LOWEST;
    result = sum = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) highest = fmaxf(highest, largest[w]);
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
      const float weight = exp2f(largest[w] - highest);
      result += weight * results[w][d];
      sum += weight * total[w];
    }
  }
};

extern "C" __global__ void __launch_bounds__(32 * WARPS)
attention(const __nv_bfloat16* __restrict__ q, const __nv_bfloat16* __restrict__ k_pages, const __nv_bfloat16* __restrict__ v_pages,
          const int* __restrict__ page_starts, const int* __restrict__ page_table, const int* __restrict__ last_page, __nv_bfloat16* __restrict__ out, float scale,
          int kv_heads, int group) {
  __shared__ __align__(16) Merge merge;
  const int kv = blockIdx.x, sequence = blockIdx.y, start = page_starts[sequence], held = page_starts[sequence + 1] - start;
  const int tokens = held == 0 ? 0 : (held - 1) * 16 + last_page[sequence];
  const size_t row = ((size_t)sequence * kv_heads + kv) * group * 128;
  Heads heads(q + row, scale * 1.44269504f, group);
  heads.add_tokens(k_pages, v_pages, page_table + start, threadIdx.y, tokens, WARPS, kv_heads, kv);

  const int d = threadIdx.y * 32 + threadIdx.x;
#pragma unroll
  for (int g = 0; g < HEADS; g++) {
    if (g >= group) break;
    merge.put(heads, g);
    __syncthreads();
    if (d < 128) {
      float result, highest, total;
      merge.get(d, result, highest, total);
      out[row + g * 128 + d] = __float2bfloat16(tokens == 0 ? 0 : result / total);
    }
    __syncthreads();
  }
}
