/* kiln
launch:
  - kernel: attention
    grid: [kv_heads * group, batch]
    block: [512]
    args: [q, k_pages, v_pages, page_starts, page_table, last_page, out, scale, kv_heads, group]
*/
// A block for each sequence and query head, a warp a token: every lane has four of the 128 numbers. One pass: where a larger logit appears, what was summed
// before is scaled down.
#include <cuda_bf16.h>

constexpr int WARPS = 16;

__device__ float4 load4(const __nv_bfloat16* from) {
  const uint2 words = *reinterpret_cast<const uint2*>(from);
  return make_float4(__uint_as_float(words.x << 16), __uint_as_float(words.x & 0xFFFF0000u), __uint_as_float(words.y << 16),
                     __uint_as_float(words.y & 0xFFFF0000u));
}

extern "C" __global__ void __launch_bounds__(32 * WARPS)
attention(const __nv_bfloat16* q, const __nv_bfloat16* k_pages, const __nv_bfloat16* v_pages, const int* page_starts, const int* page_table, const int* last_page,
          __nv_bfloat16* out, float scale, int kv_heads, int group) {
  __shared__ float results[WARPS][128], largest_of[WARPS], total_of[WARPS];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int head = blockIdx.x, sequence = blockIdx.y, start = page_starts[sequence], held = page_starts[sequence + 1] - start;
  const int tokens = held == 0 ? 0 : (held - 1) * 16 + last_page[sequence];
  const size_t row = ((size_t)sequence * kv_heads * group + head) * 128;
  const float4 query = load4(q + row + 4 * lane);

  float4 result = make_float4(0, 0, 0, 0);
  float largest = -3.4028235e38f, total = 0;
  for (int t = warp; t < tokens; t += WARPS) {
    const size_t at = (((size_t)page_table[start + t / 16] * 16 + t % 16) * kv_heads + head / group) * 128 + 4 * lane;
    const float4 key = load4(k_pages + at), value = load4(v_pages + at);
    float logit = query.x * key.x + query.y * key.y + query.z * key.z + query.w * key.w;
    for (int lanes = 16; lanes > 0; lanes /= 2) logit += __shfl_xor_sync(~0u, logit, lanes);
    logit *= scale;
    const float larger = fmaxf(largest, logit), before = expf(largest - larger), weight = expf(logit - larger);
    result = make_float4(result.x * before + weight * value.x, result.y * before + weight * value.y, result.z * before + weight * value.z,
                         result.w * before + weight * value.w);
    total = total * before + weight;
    largest = larger;
  }
  results[warp][4 * lane] = result.x;
  results[warp][4 * lane + 1] = result.y;
  results[warp][4 * lane + 2] = result.z;
  results[warp][4 * lane + 3] = result.w;
  largest_of[warp] = largest;
  total_of[warp] = total;
  __syncthreads();

  if (threadIdx.x >= 128) return;
  for (int w = 0; w < WARPS; w++) largest = fmaxf(largest, largest_of[w]);
  float sum = 0;
  total = 0;
  for (int w = 0; w < WARPS; w++) {
    const float weight = expf(largest_of[w] - largest);
    sum += weight * results[w][threadIdx.x];
    total += weight * total_of[w];
  }
  out[row + threadIdx.x] = __float2bfloat16(tokens == 0 ? 0.0f : sum / total);
}
