/* kiln
launch:
  - kernel: attention_reference
    grid: [kv_heads * group, batch]
    block: [128, 8]
    args: [q, k_pages, v_pages, page_starts, page_table, last_page, out, weights, scale, kv_heads, group, pages]
scratch: {weights: 8 * kv_heads * group * 16 * pages}
*/
// A block for each sequence and query head, three passes, all in double.
#include <cuda_bf16.h>

/** Where the 128 numbers of a token and head are. */
__device__ const __nv_bfloat16* row_of(const __nv_bfloat16* pages, const int* table, int token, int kv_heads, int head) {
  return pages + (((size_t)table[token / 16] * 16 + token % 16) * kv_heads + head) * 128;
}

extern "C" __global__ void __launch_bounds__(1024)
attention_reference(const __nv_bfloat16* q, const __nv_bfloat16* k_pages, const __nv_bfloat16* v_pages, const int* page_starts, const int* page_table, const int* last_page,
                    __nv_bfloat16* out, double* weights, float scale, int kv_heads, int group, int pages) {
  __shared__ double partial[8][128];
  __shared__ float query[128];
  const int x = threadIdx.x, y = threadIdx.y, t0 = y * 128 + x;
  const int head = blockIdx.x, sequence = blockIdx.y, start = page_starts[sequence], held = page_starts[sequence + 1] - start;
  const int* table = page_table + start;
  const int tokens = held == 0 ? 0 : (held - 1) * 16 + last_page[sequence];
  const size_t row = ((size_t)sequence * kv_heads * group + head) * 128;
  weights += ((size_t)head * pages + start) * 16;  // each head has a place for every token of all sequences
  if (y == 0) query[x] = __bfloat162float(q[row + x]);
  __syncthreads();

  double largest = -1e300, total = 0;
  for (int t = t0; t < tokens; t += 1024) {
    const __nv_bfloat16* key = row_of(k_pages, table, t, kv_heads, head / group);
    double dot = 0;
    for (int d = 0; d < 128; d++) dot += (double)query[d] * __bfloat162float(key[d]);
    weights[t] = dot * scale;
    largest = fmax(largest, weights[t]);
  }
  partial[y][x] = largest;
  __syncthreads();
  for (int i = 0; i < 1024; i++) largest = fmax(largest, partial[i / 128][i % 128]);
  __syncthreads();
  for (int t = t0; t < tokens; t += 1024) {
    weights[t] = exp(weights[t] - largest);
    total += weights[t];
  }
  partial[y][x] = total;
  __syncthreads();
  total = 0;
  for (int i = 0; i < 8; i++) {
    for (int j = 0; j < 128; j++) total += partial[i][j];
  }
  __syncthreads();

  double result = 0;
  for (int t = y; t < tokens; t += 8) result += weights[t] * __bfloat162float(row_of(v_pages, table, t, kv_heads, head / group)[x]);
  partial[y][x] = result;
  __syncthreads();
  if (y > 0) return;
  result = 0;
  for (int i = 0; i < 8; i++) result += partial[i][x];
  out[row + x] = __float2bfloat16(tokens == 0 ? 0.0f : (float)(result / total));
}
