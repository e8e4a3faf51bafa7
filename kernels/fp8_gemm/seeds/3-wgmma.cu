/* kiln
params: {BM: 128, STAGES: 5, GROUP: 8}
space: {BM: [64, 128], STAGES: [3, 4, 5, 6], GROUP: [1, 4, 8, 16]}
constraints:
  - STAGES * (BM + 128) * 128 + 1024 <= 227 * 1024
launch:
  - kernel: fp8_gemm
    grid: [ceil_div(m, BM) * ceil_div(n, 128)]
    block: [BM * 2]
    shared: STAGES * (BM + 128) * 128 + 1024
    args: [a, a_scale, b, b_scale, c, m, n, k]
*/
// Hopper's warpgroup products of FP8 (wgmma, sm_90a only): a warpgroup multiplies 64 x 32 by 32 x 128 straight from shared memory. All threads fill the STAGES tiles
// ahead with cp.async, in the 128-byte swizzle that wgmma reads; a tile's depth is the 128 values of one scale. What it comes to is in registers of its own: while it is
// scaled and added in f32, which the tensor cores do with fewer bits, the next tile is already multiplied into others.
#include <cuda_bf16.h>

constexpr int BN = 128, DEPTH = 128, CHUNKS = DEPTH / 16, ROW_BYTES = DEPTH;  // one row of a tile: the swizzle's 128 bytes, the values of one scale
constexpr int THREADS = BM * 2, ROWS_AT_ONCE = THREADS / CHUNKS;
constexpr int A_LOADS = BM / ROWS_AT_ONCE, B_LOADS = BN / ROWS_AT_ONCE;
constexpr int A_BYTES = BM * ROW_BYTES, STAGE_BYTES = (BM + BN) * ROW_BYTES;
constexpr int SHARE = BN / 2;           // a thread's share of 64 x BN results
constexpr int OUT_PITCH = BN * 2 + 16;  // bytes; the 16 keep rows in different banks
static_assert(BM == 64 || BM == 128, "BM is one warpgroup for each 64 rows: 64 or 128");
static_assert(A_LOADS * ROWS_AT_ONCE == BM && B_LOADS * ROWS_AT_ONCE == BN && ROWS_AT_ONCE % 8 == 0, "threads divide the rows evenly");
static_assert(STAGES >= 3 && STAGES * STAGE_BYTES + 1024 <= 227 * 1024, "3 stages or more, as many as fit in shared memory");
static_assert(BM * OUT_PITCH <= STAGES * STAGE_BYTES, "the results do not fit in shared memory");

__device__ void copy16(unsigned to, const unsigned char* from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0));
}

/** Of a tile whose rows are 128 swizzled bytes: start; 8 rows are 1024 bytes apart; swizzle mode 1 (128 bytes). */
__device__ unsigned long long descriptor(unsigned address) {
  return (unsigned long long)((address & 0x3FFFF) >> 4) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

#define D4(i) "+f"(d[i]), "+f"(d[(i) + 1]), "+f"(d[(i) + 2]), "+f"(d[(i) + 3])
#define D16(i) D4(i), D4((i) + 4), D4((i) + 8), D4((i) + 12)
#define D64(i) D16(i), D16((i) + 16), D16((i) + 32), D16((i) + 48)

/** d = a * b, plus d where `keep`: 64 x 128 results of 32 columns. Both tiles have their depth contiguous. */
__device__ void multiply(float (&d)[64], unsigned long long a, unsigned long long b, int keep) {
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %66, 0; wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, keep, 1, 1; }"
      : D64(0)
      : "l"(a), "l"(b), "r"(keep));
}

template <int LEFT>
__device__ void wait_products(float (&d)[SHARE]) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
#pragma unroll
  for (int i = 0; i < SHARE; i++) asm volatile("" : "+f"(d[i])::"memory");  // no use of d moves across the wait
}

/** Adds what came of a step, once at most LEFT later ones are under way. */
template <int LEFT>
__device__ void add(float (&sum)[SHARE], float (&part)[SHARE], float2 by) {
  wait_products<LEFT>(part);
#pragma unroll
  for (int i = 0; i < SHARE; i++) sum[i] += part[i] * (i / 2 % 2 == 0 ? by.x : by.y);
}

/** What one thread copies of a matrix: chunk `threadIdx.x % 8` of LOADS rows, ROWS_AT_ONCE apart. */
template <int LOADS>
struct Loader {
  const unsigned char* from;
  int p, k;
  unsigned valid_rows;  // bit u: row u is inside the matrix

  __device__ Loader(const unsigned char* matrix, int row0, int rows, int k) : p(threadIdx.x % CHUNKS * 16), k(k), valid_rows(0) {
    const int row = row0 + threadIdx.x / CHUNKS;
    from = matrix + (size_t)row * k + p;
#pragma unroll
    for (int u = 0; u < LOADS; u++) valid_rows |= (row + u * ROWS_AT_ONCE < rows ? 1u : 0u) << u;
  }

  /** The next DEPTH columns, into the tile at `to`. Outside the matrix: zeros, and no access. */
  __device__ void copy(unsigned to, const unsigned char* matrix) {
    const int row = threadIdx.x / CHUNKS;
    to += row * ROW_BYTES + ((threadIdx.x % CHUNKS) ^ (row % 8)) * 16;
#pragma unroll
    for (int u = 0; u < LOADS; u++) {
      const bool valid = p < k && (valid_rows >> u & 1);
      copy16(to + u * ROWS_AT_ONCE * ROW_BYTES, valid ? from + (size_t)u * ROWS_AT_ONCE * k : matrix, valid);
    }
    from += DEPTH;
    p += DEPTH;
  }
};

extern "C" __global__ void __launch_bounds__(THREADS, 1)
fp8_gemm(const unsigned char* __restrict__ a, const float* __restrict__ a_scale, const unsigned char* __restrict__ b, const float* __restrict__ b_scale,
         __nv_bfloat16* __restrict__ c, int m, int n, int k) {
  extern __shared__ __align__(1024) unsigned char memory[];
  const unsigned raw = (unsigned)__cvta_generic_to_shared(memory);
  const unsigned base = (raw + 1023) & ~1023u;  // the swizzle works on addresses: tiles start at multiples of 1024
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warpgroup = threadIdx.x / 128;

  const int tiles_m = (m + BM - 1) / BM, tiles_n = (n + BN - 1) / BN;
  const int group = blockIdx.x / (GROUP * tiles_n), in_group = blockIdx.x % (GROUP * tiles_n);
  const int height = min(GROUP, tiles_m - group * GROUP);
  const int i0 = (group * GROUP + in_group % height) * BM, j0 = in_group / height * BN;

  Loader<A_LOADS> load_a(a, i0, m, k);
  Loader<B_LOADS> load_b(b, j0, n, k);
  const int steps = k / DEPTH;
#pragma unroll
  for (int s = 0; s < STAGES - 2; s++) {
    load_a.copy(base + s * STAGE_BYTES, a);  // beyond k: zeros
    load_b.copy(base + s * STAGE_BYTES + A_BYTES, b);
    asm volatile("cp.async.commit_group;");
  }
  // This thread's results are in two rows, 8 apart; those past the end are not written.
  const float* first_scales = a_scale + (size_t)min(i0 + warp * 16 + lane / 4, m - 1) * steps;
  const float* second_scales = a_scale + (size_t)min(i0 + warp * 16 + lane / 4 + 8, m - 1) * steps;
  const float* column_scales = b_scale + (size_t)(j0 / 128) * steps;

  float sum[SHARE] = {}, even[SHARE] = {}, odd[SHARE] = {};
  int stage = 0, free = STAGES - 2;
  float2 scale, next_scale;

  const auto begin = [&](float (&part)[SHARE], int step) {
    const float column_scale = column_scales[step];
    scale = next_scale;
    next_scale = make_float2(first_scales[step] * column_scale, second_scales[step] * column_scale);
    asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 3) : "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");  // wgmma reads past the ordinary path to shared memory
    __syncthreads();  // this stage is here for all, and all have waited for the products of two steps ago
    const unsigned a_tile = base + stage * STAGE_BYTES + warpgroup * 64 * ROW_BYTES, b_tile = base + stage * STAGE_BYTES + A_BYTES;
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int p = 0; p < DEPTH / 32; p++) multiply(part, descriptor(a_tile + p * 32), descriptor(b_tile + p * 32), p > 0);
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");

    load_a.copy(base + free * STAGE_BYTES, a);
    load_b.copy(base + free * STAGE_BYTES + A_BYTES, b);
    asm volatile("cp.async.commit_group;");
    stage = stage == STAGES - 1 ? 0 : stage + 1;
    free = free == STAGES - 1 ? 0 : free + 1;
  };
  begin(even, 0);
  int step = 1;
  for (; step + 1 < steps; step += 2) {
    begin(odd, step);
    add<1>(sum, even, scale);
    begin(even, step + 1);
    add<1>(sum, odd, scale);
  }
  if (step < steps) {
    begin(odd, step);
    add<1>(sum, even, scale);
    add<0>(sum, odd, next_scale);
  } else {
    add<0>(sum, even, next_scale);
  }

  asm volatile("cp.async.wait_group 0;" ::: "memory");
  __syncthreads();
  unsigned char* out = memory + warp * 16 * OUT_PITCH;
#pragma unroll
  for (int j = 0; j < BN / 8; j++) {
    unsigned char* at = out + lane / 4 * OUT_PITCH + (8 * j + lane % 4 * 2) * 2;
    *reinterpret_cast<__nv_bfloat162*>(at) = __floats2bfloat162_rn(sum[4 * j], sum[4 * j + 1]);
    *reinterpret_cast<__nv_bfloat162*>(at + 8 * OUT_PITCH) = __floats2bfloat162_rn(sum[4 * j + 2], sum[4 * j + 3]);
  }
  __syncwarp();
#pragma unroll 4
  for (int e = lane; e < 16 * BN / 8; e += 32) {
    const int row = e / (BN / 8), column = e % (BN / 8) * 8;
    const int i = i0 + warp * 16 + row, j = j0 + column;
    if (i < m && j < n) *reinterpret_cast<uint4*>(c + (size_t)i * n + j) = *reinterpret_cast<const uint4*>(out + row * OUT_PITCH + column * 2);
  }
}
