/* kiln
params: {BM: 128, BN: 256, STAGES: 4, GROUP: 8}
space: {BM: [64, 128], BN: [128, 256], STAGES: [3, 4, 5], GROUP: [1, 4, 8, 16]}
constraints:
  - STAGES * (BM + BN) * 128 + 1024 <= 227 * 1024
  - BM * (BN * 2 + 16) <= STAGES * (BM + BN) * 128
launch:
  - kernel: grouped_gemm
    grid: [(tokens / BM + experts) * ceil_div(n, BN)]
    block: [BM * 2]
    shared: STAGES * (BM + BN) * 128 + 1024
    args: [a, b, starts, c, tokens, experts, n, k]
*/
// Hopper's warpgroup products (wgmma, sm_90a only): a warpgroup multiplies 64 x 16 by 16 x BN straight from shared memory. All threads
// fill the STAGES tiles ahead with cp.async, in the 128-byte swizzle that wgmma reads. Two products are always under way: one is
// queued before the one before it is waited for, so the tensor cores go on while the next tiles are asked for. A block whose place no tile of a group needs ends at once.
#include <cuda_bf16.h>

constexpr int DEPTH = 64, CHUNKS = DEPTH / 8, ROW_BYTES = DEPTH * 2;  // one row of a tile fills the swizzle's 128 bytes
constexpr int THREADS = BM * 2, ROWS_AT_ONCE = THREADS / CHUNKS;
constexpr int A_LOADS = BM / ROWS_AT_ONCE, B_LOADS = BN / ROWS_AT_ONCE;
constexpr int A_BYTES = BM * ROW_BYTES, STAGE_BYTES = (BM + BN) * ROW_BYTES;
constexpr int ACCUMULATORS = BN / 2;    // a thread's share of 64 x BN results
constexpr int OUT_PITCH = BN * 2 + 16;  // bytes; the 16 keep rows in different banks
static_assert(BM == 64 || BM == 128 || BM == 192 || BM == 256, "BM is one warpgroup for each 64 rows: 64 to 256");
static_assert(BN == 128 || BN == 256, "BN is 128 or 256");
static_assert(A_LOADS * ROWS_AT_ONCE == BM && B_LOADS * ROWS_AT_ONCE == BN && ROWS_AT_ONCE % 8 == 0, "threads divide the rows evenly");
static_assert(STAGES >= 3 && STAGES * STAGE_BYTES + 1024 <= 227 * 1024, "3 stages or more, as many as fit in shared memory");
static_assert(BM * OUT_PITCH <= STAGES * STAGE_BYTES, "the results do not fit in shared memory");

/**
 * Group e has the places starts[e] / BM + e to starts[e + 1] / BM + e for tiles of BM rows: as many as its rows may need, and one more at most. So the group of a
 * place is found by halving, and no table of tiles has to be made.
 */
struct Place {
  int expert, row, end;  // of a tile: its first row, and where its group ends

  __device__ Place(const int* starts, int experts, int place) : expert(0) {
    int beyond = experts;
    while (beyond - expert > 1) {
      const int middle = (expert + beyond) / 2;
      if (starts[middle] / BM + middle <= place) {
        expert = middle;
      } else {
        beyond = middle;
      }
    }
    row = starts[expert] + (place - starts[expert] / BM - expert) * BM;
    end = starts[expert + 1];
  }
};

__device__ void copy16(unsigned to, const __nv_bfloat16* from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0));
}

/** Of a tile whose rows are 128 swizzled bytes: start; 8 rows are 1024 bytes apart; swizzle mode 1 (128 bytes). */
__device__ unsigned long long descriptor(unsigned address) {
  return (unsigned long long)((address & 0x3FFFF) >> 4) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

#define D4(i) "+f"(d[i]), "+f"(d[(i) + 1]), "+f"(d[(i) + 2]), "+f"(d[(i) + 3])
#define D16(i) D4(i), D4((i) + 4), D4((i) + 8), D4((i) + 12)
#define D64(i) D16(i), D16((i) + 16), D16((i) + 32), D16((i) + 48)

/** d = a * b, plus d where `keep`: 64 x BN results of 16 columns. Both tiles have their depth contiguous. */
#if BN == 256
__device__ void multiply(float (&d)[128], unsigned long long a, unsigned long long b, int keep) {
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %130, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
      "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
      "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
      "}, %128, %129, keep, 1, 1, 0, 0; }"
      : D64(0), D64(64)
      : "l"(a), "l"(b), "r"(keep));
}
#else
__device__ void multiply(float (&d)[64], unsigned long long a, unsigned long long b, int keep) {
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %66, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, keep, 1, 1, 0, 0; }"
      : D64(0)
      : "l"(a), "l"(b), "r"(keep));
}
#endif

template <int LEFT>
__device__ void wait_products(float (&d)[ACCUMULATORS]) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
#pragma unroll
  for (int i = 0; i < ACCUMULATORS; i++) asm volatile("" : "+f"(d[i])::"memory");  // no use of d moves across the wait
}

/** What one thread copies of a matrix: chunk `threadIdx.x % 8` of LOADS rows, ROWS_AT_ONCE apart. */
template <int LOADS>
struct Loader {
  const __nv_bfloat16* from;
  int p, k;
  unsigned valid_rows;  // bit u: row u is inside the matrix

  __device__ Loader(const __nv_bfloat16* matrix, int row0, int rows, int k) : p(threadIdx.x % CHUNKS * 8), k(k), valid_rows(0) {
    const int row = row0 + threadIdx.x / CHUNKS;
    from = matrix + (size_t)row * k + p;
#pragma unroll
    for (int u = 0; u < LOADS; u++) valid_rows |= (row + u * ROWS_AT_ONCE < rows ? 1u : 0u) << u;
  }

  /** The next DEPTH columns, into the tile at `to`. Outside the matrix: zeros, and no access. */
  __device__ void copy(unsigned to, const __nv_bfloat16* matrix) {
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
grouped_gemm(const __nv_bfloat16* __restrict__ a, const __nv_bfloat16* __restrict__ b, const int* __restrict__ starts, __nv_bfloat16* __restrict__ c, int tokens,
             int experts, int n, int k) {
  extern __shared__ __align__(1024) unsigned char memory[];
  const unsigned raw = (unsigned)__cvta_generic_to_shared(memory);
  const unsigned base = (raw + 1023) & ~1023u;  // the swizzle works on addresses: tiles start at multiples of 1024
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warpgroup = threadIdx.x / 128;

  const int tiles_m = tokens / BM + experts, tiles_n = (n + BN - 1) / BN;
  const int group = blockIdx.x / (GROUP * tiles_n), in_group = blockIdx.x % (GROUP * tiles_n);
  const int height = min(GROUP, tiles_m - group * GROUP);
  const Place place(starts, experts, group * GROUP + in_group % height);
  const int i0 = place.row, m = place.end, j0 = in_group / height * BN;
  if (i0 >= m) return;
  b += (size_t)place.expert * n * k;

  Loader<A_LOADS> load_a(a, i0, m, k);
  Loader<B_LOADS> load_b(b, j0, n, k);
  const int steps = (k + DEPTH - 1) / DEPTH;
#pragma unroll
  for (int s = 0; s < STAGES - 2; s++) {
    load_a.copy(base + s * STAGE_BYTES, a);  // beyond k: zeros
    load_b.copy(base + s * STAGE_BYTES + A_BYTES, b);
    asm volatile("cp.async.commit_group;");
  }

  float sum[ACCUMULATORS];
#pragma unroll
  for (int i = 0; i < ACCUMULATORS; i++) sum[i] = 0;
  int stage = 0, free = STAGES - 2;
  for (int step = 0; step < steps; step++) {
    asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 3) : "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");  // wgmma reads past the ordinary path to shared memory
    __syncthreads();  // this stage is here for all, and all have waited for the products of two steps ago
    const unsigned a_tile = base + stage * STAGE_BYTES + warpgroup * 64 * ROW_BYTES, b_tile = base + stage * STAGE_BYTES + A_BYTES;
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int p = 0; p < DEPTH / 16; p++) multiply(sum, descriptor(a_tile + p * 32), descriptor(b_tile + p * 32), 1);
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");

    load_a.copy(base + free * STAGE_BYTES, a);
    load_b.copy(base + free * STAGE_BYTES + A_BYTES, b);
    asm volatile("cp.async.commit_group;");
    asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
    stage = stage == STAGES - 1 ? 0 : stage + 1;
    free = free == STAGES - 1 ? 0 : free + 1;
  }

  wait_products<0>(sum);
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
