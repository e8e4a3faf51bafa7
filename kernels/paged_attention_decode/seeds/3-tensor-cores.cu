/* kiln
params: {WARPS: 4, STAGES: 3, SPLITS: 8}
space: {WARPS: [2, 4, 8], STAGES: [2, 3, 4], SPLITS: [2, 4, 8, 16, 32]}
constraints:
  - WARPS * STAGES * 8192 <= 224 * 1024
launch:
  - kernel: attention
    grid: [kv_heads, batch, SPLITS]
    block: [32, WARPS]
    shared: WARPS * STAGES * 8192
    args: [q, k_pages, v_pages, page_starts, page_table, last_page, parts, weights, scale, kv_heads, group]
  - kernel: combine
    grid: [batch * kv_heads * group]
    block: [128]
    args: [parts, weights, out]
scratch:
  parts: 4 * 128 * batch * kv_heads * group * SPLITS
  weights: 8 * batch * kv_heads * group * SPLITS
*/
// Tensor cores for both products (mma.sync): the query heads that share keys and values are rows of a tile, a page is its 16 tokens. Each warp takes pages of its own,
// of which STAGES - 1 are on their way into shared memory by cp.async, so that warps never wait for each other. Splits as in 2-split.
#include <cuda_bf16.h>
static_assert(WARPS >= 1 && WARPS <= 8 && STAGES >= 2 && WARPS * STAGES * 8192 <= 224 * 1024, "the pages do not fit in shared memory");
static_assert(SPLITS >= 1 && SPLITS <= 64, "SPLITS is 1 to 64");

constexpr float LOWEST = -3.4028235e38f;

__device__ void copy16(unsigned to, const __nv_bfloat16* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}

__device__ void load_matrices(unsigned (&r)[4], unsigned from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from) : "memory");
}

__device__ void load_transposed(unsigned (&r)[4], unsigned from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(from)
               : "memory");
}

__device__ void multiply(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ unsigned pack(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const unsigned*>(&pair);
}

/** Chunk `chunk` of 16 bytes of a token's 256, swizzled so that eight tokens' chunks are in different banks. */
__device__ unsigned chunk_at(unsigned tile, int token, int chunk) { return tile + token * 256 + ((chunk ^ (token % 8)) * 16); }

extern "C" __global__ void __launch_bounds__(32 * WARPS)
attention(const __nv_bfloat16* __restrict__ q, const __nv_bfloat16* __restrict__ k_pages, const __nv_bfloat16* __restrict__ v_pages,
          const int* __restrict__ page_starts, const int* __restrict__ page_table, const int* __restrict__ last_page, float* __restrict__ parts,
          float2* __restrict__ weights, float scale, int kv_heads, int group) {
  extern __shared__ __align__(1024) unsigned char memory[];
  __shared__ float2 weights_of[WARPS][8];
  const int lane = threadIdx.x, warp = threadIdx.y;
  const int kv = blockIdx.x, sequence = blockIdx.y, split = blockIdx.z, start = page_starts[sequence], held = page_starts[sequence + 1] - start;
  const int share = (held + SPLITS - 1) / SPLITS, end = min(held, (split + 1) * share);
  const int* table = page_table + start;
  const size_t row = ((size_t)sequence * kv_heads + kv) * group;
  const unsigned base = (unsigned)__cvta_generic_to_shared(memory) + warp * STAGES * 8192;

  // Keys of a page, then its values: chunk `lane % 16` of every second token.
  const auto ask = [&](int page, int stage) {
    if (page < end) {
      const size_t at = ((size_t)table[page] * 16 * kv_heads + kv) * 128 + lane % 16 * 8;
      const unsigned to = base + stage * 8192;
#pragma unroll
      for (int u = 0; u < 8; u++) {
        const int token = 2 * u + lane / 16;
        copy16(chunk_at(to, token, lane % 16), k_pages + at + (size_t)token * kv_heads * 128);
        copy16(chunk_at(to + 4096, token, lane % 16), v_pages + at + (size_t)token * kv_heads * 128);
      }
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  };
  const int first = split * share + warp;
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) ask(first + s * WARPS, s);

  // The heads are rows 0 to 7 of a tile of 16: this lane has row lane / 4, and nothing in row lane / 4 + 8.
  unsigned query[8][2] = {};
  if (lane / 4 < group) {
    const unsigned* from = reinterpret_cast<const unsigned*>(q + (row + lane / 4) * 128) + lane % 4;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      query[i][0] = from[8 * i];
      query[i][1] = from[8 * i + 4];
    }
  }
  scale *= 1.44269504f;  // logits in powers of two
  float result[16][4] = {}, largest = LOWEST, total = 0;
  int stage = 0;
  for (int page = first; page < end; page += WARPS) {
    __syncwarp();  // nobody reads the stage any more that is filled next
    ask(page + (STAGES - 1) * WARPS, stage == 0 ? STAGES - 1 : stage - 1);
    asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 1) : "memory");
    __syncwarp();
    const unsigned keys = base + stage * 8192, values = keys + 4096;

    float logits[2][4] = {};
#pragma unroll
    for (int i = 0; i < 8; i++) {
      const unsigned rows[4] = {query[i][0], 0, query[i][1], 0};
      unsigned columns[4];
      load_matrices(columns, chunk_at(keys, lane / 16 * 8 + lane % 8, 2 * i + lane / 8 % 2));
      multiply(logits[0], rows, columns[0], columns[1]);
      multiply(logits[1], rows, columns[2], columns[3]);
    }
    // This lane has the logits of tokens lane % 4 * 2 and the next one, and of those 8 further on.
    const int tokens = page + 1 < held ? 16 : last_page[sequence], token = lane % 4 * 2;
    float weight[4], larger = largest;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      weight[i] = token + i / 2 * 8 + i % 2 < tokens ? logits[i / 2][i % 2] * scale : LOWEST;
      larger = fmaxf(larger, weight[i]);
    }
    larger = fmaxf(larger, __shfl_xor_sync(~0u, larger, 1));
    larger = fmaxf(larger, __shfl_xor_sync(~0u, larger, 2));
    const float before = exp2f(largest - larger);
    largest = larger;
    total *= before;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      weight[i] = exp2f(weight[i] - larger);
      total += weight[i];
    }
#pragma unroll
    for (int i = 0; i < 16; i++) {
      result[i][0] *= before;
      result[i][1] *= before;
    }
    const unsigned rows[4] = {pack(weight[0], weight[1]), 0, pack(weight[2], weight[3]), 0};
#pragma unroll
    for (int i = 0; i < 8; i++) {
      unsigned columns[4];
      load_transposed(columns, chunk_at(values, lane / 8 % 2 * 8 + lane % 8, 2 * i + lane / 16));
      multiply(result[2 * i], rows, columns[0], columns[1]);
      multiply(result[2 * i + 1], rows, columns[2], columns[3]);
    }
    stage = stage == STAGES - 1 ? 0 : stage + 1;
  }
  total += __shfl_xor_sync(~0u, total, 1);
  total += __shfl_xor_sync(~0u, total, 2);

  // The warps' heads, one below the other, where the warp's pages were.
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  __syncwarp();
  float* mine = reinterpret_cast<float*>(memory + warp * STAGES * 8192) + lane / 4 * 128 + lane % 4 * 2;
#pragma unroll
  for (int i = 0; i < 16; i++) *reinterpret_cast<float2*>(mine + 8 * i) = make_float2(result[i][0], result[i][1]);
  if (lane % 4 == 0) weights_of[warp][lane / 4] = make_float2(largest, total);
  __syncthreads();
  for (int e = warp * 32 + lane; e < group * 128; e += 32 * WARPS) {
    const int g = e / 128;
    float highest = LOWEST, sum = 0, sum_of_weights = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) highest = fmaxf(highest, weights_of[w][g].x);
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
      const float by = exp2f(weights_of[w][g].x - highest);
      sum += by * reinterpret_cast<const float*>(memory + w * STAGES * 8192)[e];
      sum_of_weights += by * weights_of[w][g].y;
    }
    parts[((row + g) * SPLITS + split) * 128 + e % 128] = sum;
    if (e % 128 == 0) weights[(row + g) * SPLITS + split] = make_float2(highest, sum_of_weights);
  }
}

/** Adds up the splits of a query head; those without a token have a total of zero. */
extern "C" __global__ void __launch_bounds__(128) combine(const float* __restrict__ parts, const float2* __restrict__ weights, __nv_bfloat16* __restrict__ out) {
  const size_t row = blockIdx.x;
  float highest = LOWEST, result = 0, total = 0;
#pragma unroll
  for (int s = 0; s < SPLITS; s++) highest = fmaxf(highest, weights[row * SPLITS + s].x);
#pragma unroll
  for (int s = 0; s < SPLITS; s++) {
    const float2 of = weights[row * SPLITS + s];
    const float weight = exp2f(of.x - highest);
    total += weight * of.y;
    result += weight * parts[(row * SPLITS + s) * 128 + threadIdx.x];
  }
  out[row * 128 + threadIdx.x] = __float2bfloat16(total == 0 ? 0 : result / total);
}
