/* kiln
params: {KIND: 0, BM: 32, BN: 32, WM: 16, WN: 16, STAGES: 2, FLIGHT: 0, GROUP: 1, BLOCKS: 1048576, RESULTS: 0, HINT: 0, OCC: 1}
space:
  KIND: [0, 1, 2, 3]
  BM: [16, 32, 64, 128, 192, 256]
  BN: [16, 32, 64, 128, 192, 256]
  WM: [16, 32, 64, 128]
  WN: [16, 32, 64, 128]
  STAGES: [2, 3, 4, 5, 6]
  FLIGHT: [0, 1]
  GROUP: [1, 2, 4, 8, 16, 32]
  BLOCKS: [132, 264, 528, 1048576]
  RESULTS: [0, 1, 2]
  HINT: [0, 1, 2]
  OCC: [1, 2, 3, 4]
launch:
  - kernel: matmul
    # At most BLOCKS blocks, each of which takes one tile of BM x BN results after another.
    grid: ["min(BLOCKS, ceil_div(m, BM) * ceil_div(n, BN))"]
    # KIND 3 has a warpgroup for each 64 rows, the others a warp for each WM x WN.
    block: ["(1 - KIND / 3) * (BM / WM) * (BN / WN) * 32 + KIND / 3 * BM * 2"]
    # KIND 1: one tile of each matrix, and a warp's results. KIND 2 and 3: STAGES tiles; results beside them where RESULTS is 2.
    shared: "(1 - KIND / 2) * (KIND % 2) * ((BM + BN) * 144 + (BM / WM) * (BN / WN) * 1024) + KIND / 2 * (STAGES * (BM + BN) * 128 + 1024 + RESULTS / 2 * (BM * BN * 2 + (1 - KIND / 3) * (BN / WN) * BM * 16 + KIND / 3 * BM * 16))"
    args: [a, b, c, m, n, k]
*/
// A place to start a search from: as it stands each thread adds up eight results one after the other, straight from memory. KIND leads on:
// 1 multiplies on the tensor cores (wmma) from one tile in shared memory, 2 does so by mma.sync from STAGES tiles that cp.async fills
// ahead, 3 by Hopper's warpgroup products (wgmma, sm_90a) from the same tiles, with FLIGHT products under way while the next is begun.
// GROUP rows of tiles are walked together, for the L2 cache's sake. RESULTS leave straight from registers (0), through the
// stages (1), or through memory of their own (2); with 0 and 2 the next tile's copies are under way meanwhile, where BLOCKS is
// smaller than the number of tiles. HINT asks the L2 cache for more than the 16 bytes of a copy.
#include <cuda_fp16.h>
#include <mma.h>

#if KIND > 0
constexpr int DEPTH = 64, CHUNKS = DEPTH / 8;
#endif
constexpr int WARPS_N = BN / WN, THREADS = KIND == 3 ? BM * 2 : BM / WM * WARPS_N * 32;
static_assert(KIND == 3 || (BM % WM == 0 && BN % WN == 0), "warps fill the block's tile");
static_assert(THREADS >= 32 && THREADS * OCC <= 2048 && THREADS <= 1024, "a block has 32 to 1024 threads, OCC of them at most 2048");
static_assert(KIND != 3 || (BM % 64 == 0 && (BN == 64 || BN == 128 || BN == 192 || BN == 256)), "KIND 3: BM is a multiple of 64, BN 64 to 256");
static_assert(KIND != 0 || BM * BN / THREADS <= 64, "KIND 0: at most 64 results a thread");
// A thread's sums must fit in its registers, or everything spills.
static_assert(KIND == 0 || (KIND == 3 ? BN / 2 : WM * WN / 32) <= (KIND == 3 ? 128 : 192), "a warp's tile is too large for its registers");
static_assert((KIND == 0 ? 32 : 40 + (KIND == 3 ? BN / 2 : WM * WN / 32)) * THREADS * OCC <= 65536, "OCC blocks share an SM's registers");

/** Where tile number `tile` is; GROUP rows of tiles are walked together. */
__device__ void place(int tile, int m, int n, int& i0, int& j0) {
  const int tiles_m = (m + BM - 1) / BM, tiles_n = (n + BN - 1) / BN;
  const int group = tile / (GROUP * tiles_n), in_group = tile % (GROUP * tiles_n);
  const int height = min(GROUP, tiles_m - group * GROUP);
  i0 = (group * GROUP + in_group % height) * BM;
  j0 = in_group / height * BN;
}

#if KIND == 0
// kiln: region plain
__device__ float eight_products(uint4 x, uint4 y) {
  const __half2 *x2 = reinterpret_cast<const __half2*>(&x), *y2 = reinterpret_cast<const __half2*>(&y);
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const float2 u = __half22float2(x2[i]), v = __half22float2(y2[i]);
    sum += u.x * v.x + u.y * v.y;
  }
  return sum;
}

__device__ void multiply_tile(const __half* a, const __half* b, __half* c, int i0, int j0, int m, int n, int k) {
  for (int e = threadIdx.x; e < BM * BN; e += THREADS) {
    const int i = i0 + e / BN, j = j0 + e % BN;
    if (i >= m || j >= n) continue;
    float sum = 0;
#pragma unroll 2
    for (int p = 0; p < k; p += 8) {
      sum += eight_products(*reinterpret_cast<const uint4*>(a + (size_t)i * k + p), *reinterpret_cast<const uint4*>(b + (size_t)j * k + p));
    }
    c[(size_t)i * n + j] = __float2half(sum);
  }
}
// kiln: end plain
#endif

#if KIND == 1
using namespace nvcuda::wmma;
constexpr int PITCH = DEPTH + 8;  // the 8 keep rows in different banks
static_assert(WM % 16 == 0 && WN % 16 == 0, "fragments are 16 x 16");

/** Rows row0.. of a matrix of `rows` x `k`, columns p0..p0+63, zeros outside. */
template <int ROWS>
__device__ void load_tile(__half* tile, const __half* from, int row0, int rows, int p0, int k) {
#pragma unroll 4
  for (int i = threadIdx.x; i < ROWS * CHUNKS; i += THREADS) {
    const int row = row0 + i / CHUNKS, p = p0 + i % CHUNKS * 8;
    const bool valid = row < rows && p < k;
    const uint4 eight = valid ? *reinterpret_cast<const uint4*>(from + (size_t)row * k + p) : make_uint4(0, 0, 0, 0);
    *reinterpret_cast<uint4*>(tile + i / CHUNKS * PITCH + i % CHUNKS * 8) = eight;
  }
}

__device__ void multiply_tile(const __half* a, const __half* b, __half* c, int i0, int j0, int m, int n, int k) {
  extern __shared__ __align__(128) unsigned char memory[];
  __half *a_tile = reinterpret_cast<__half*>(memory), *b_tile = a_tile + BM * PITCH;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  float* result = reinterpret_cast<float*>(memory + (BM + BN) * PITCH * 2) + warp * 256;
  const int wi = warp / WARPS_N * WM, wj = warp % WARPS_N * WN;
  fragment<accumulator, 16, 16, 16, float> sum[WM / 16][WN / 16];
#pragma unroll
  for (int i = 0; i < WM / 16; i++) {
#pragma unroll
    for (int j = 0; j < WN / 16; j++) fill_fragment(sum[i][j], 0);
  }
  for (int p0 = 0; p0 < k; p0 += DEPTH) {
    load_tile<BM>(a_tile, a, i0, m, p0, k);
    load_tile<BN>(b_tile, b, j0, n, p0, k);
    __syncthreads();
#pragma unroll
    for (int p = 0; p < DEPTH; p += 16) {
      fragment<matrix_a, 16, 16, 16, __half, row_major> fa[WM / 16];
      fragment<matrix_b, 16, 16, 16, __half, col_major> fb[WN / 16];
#pragma unroll
      for (int i = 0; i < WM / 16; i++) load_matrix_sync(fa[i], a_tile + (wi + 16 * i) * PITCH + p, PITCH);
#pragma unroll
      for (int j = 0; j < WN / 16; j++) load_matrix_sync(fb[j], b_tile + (wj + 16 * j) * PITCH + p, PITCH);
#pragma unroll
      for (int i = 0; i < WM / 16; i++) {
#pragma unroll
        for (int j = 0; j < WN / 16; j++) mma_sync(sum[i][j], fa[i], fb[j], sum[i][j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < WM / 16; i++) {
#pragma unroll
    for (int j = 0; j < WN / 16; j++) {
      store_matrix_sync(result, sum[i][j], 16, mem_row_major);
      __syncwarp();
      for (int e = lane; e < 128; e += 32) {
        const int row = i0 + wi + 16 * i + e / 8, column = j0 + wj + 16 * j + e % 8 * 2;
        const float2 pair = *reinterpret_cast<const float2*>(result + e / 8 * 16 + e % 8 * 2);
        if (row < m && column < n) *reinterpret_cast<__half2*>(c + (size_t)row * n + column) = __float22half2_rn(pair);
      }
      __syncwarp();
    }
  }
}
#endif

#if KIND >= 2
// A warp's results: ROWS x COLUMNS, in the layout of m16n8 fragments, which both kinds of products share.
constexpr int ROWS = KIND == 3 ? 16 : WM, COLUMNS = KIND == 3 ? BN : WN, SUMS = ROWS * COLUMNS / 32;
constexpr int WARPS = THREADS / 32, OUT_PITCH = COLUMNS * 2 + 16;  // bytes; the 16 keep rows in different banks
constexpr int ROW_BYTES = DEPTH * 2, A_BYTES = BM * ROW_BYTES, STAGE_BYTES = (BM + BN) * ROW_BYTES;
constexpr int ROWS_AT_ONCE = THREADS / CHUNKS;
/** Tiles asked for before they are needed; the rest of the stages are being multiplied. */
constexpr int AHEAD = STAGES - 1 - FLIGHT;
static_assert(KIND == 3 || FLIGHT == 0, "only KIND 3 has products under way");
static_assert(KIND == 3 || (WM % 16 == 0 && WN % 16 == 0), "fragments are 16 x 16");
static_assert(AHEAD >= 1, "too few stages");
static_assert(RESULTS != 1 || WARPS * ROWS * OUT_PITCH <= STAGES * STAGE_BYTES, "the results do not fit in the stages");
static_assert(OCC * (STAGES * STAGE_BYTES + 2048 + (RESULTS == 2 ? WARPS * ROWS * OUT_PITCH : 0)) <= 228 * 1024, "OCC blocks share an SM's shared memory");

// kiln: region copies
__device__ void copy16(unsigned to, const __half* from, bool valid) {
#if HINT == 0
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0));
#elif HINT == 1
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0));
#else
  asm volatile("cp.async.cg.shared.global.L2::256B [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0));
#endif
}

/** What one thread copies of a matrix's tile: chunk `threadIdx.x % 8` of every ROWS_AT_ONCE-th row. */
template <int TILE_ROWS>
struct Loader {
  static constexpr int LOADS = (TILE_ROWS + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
  static_assert(LOADS <= 32, "too few threads for the tile");
  const __half* from;
  int p;
  unsigned valid_rows;  // bit u: row u is inside the matrix

  __device__ void start(const __half* matrix, int row0, int rows, int k) {
    const int row = threadIdx.x / CHUNKS;
    p = threadIdx.x % CHUNKS * 8;
    from = matrix + (size_t)(row0 + row) * k + p;
    valid_rows = 0;
#pragma unroll
    for (int u = 0; u < LOADS; u++) valid_rows |= (row0 + row + u * ROWS_AT_ONCE < rows ? 1u : 0u) << u;
  }

  /** The next DEPTH columns, into the tile at `to`, whose 16-byte chunks are swizzled by the row. Outside the matrix: zeros, and no access. */
  __device__ void copy(unsigned to, const __half* matrix, int k) {
#pragma unroll
    for (int u = 0; u < LOADS; u++) {
      const int row = threadIdx.x / CHUNKS + u * ROWS_AT_ONCE;
      if (TILE_ROWS % ROWS_AT_ONCE != 0 && row >= TILE_ROWS) continue;
      const bool valid = p < k && (valid_rows >> u & 1);
      copy16(to + row * ROW_BYTES + ((threadIdx.x % CHUNKS) ^ (row % 8)) * 16, valid ? from + (size_t)u * ROWS_AT_ONCE * k : matrix, valid);
    }
    from += DEPTH;
    p += DEPTH;
  }
};
// kiln: end copies

/** The tiles of this block, one step of DEPTH after another; what is asked for runs ahead of what is multiplied. */
struct Copies {
  Loader<BM> load_a;
  Loader<BN> load_b;
  int tile, left, steps, stage;

  __device__ void start(const __half* a, const __half* b, int first, int m, int n, int k) {
    int i0, j0;
    tile = first;
    steps = left = (k + DEPTH - 1) / DEPTH;
    stage = 0;
    place(tile, m, n, i0, j0);
    load_a.start(a, i0, m, k);
    load_b.start(b, j0, n, k);
  }

  /** Asks for one step, or for nothing where there is none; one group either way, so that waiting counts right. */
  __device__ void next(unsigned base, const __half* a, const __half* b, int m, int n, int k) {
    if (left > 0) {
      load_a.copy(base + stage * STAGE_BYTES, a, k);
      load_b.copy(base + stage * STAGE_BYTES + A_BYTES, b, k);
      stage = stage == STAGES - 1 ? 0 : stage + 1;
      left -= 1;
    }
    asm volatile("cp.async.commit_group;");
    if (RESULTS == 1 || left > 0) return;
    const int tiles = (m + BM - 1) / BM * ((n + BN - 1) / BN);
    if (tile + (int)gridDim.x >= tiles) return;
    const int at = stage;
    start(a, b, tile + gridDim.x, m, n, k);
    stage = at;
  }
};

#if KIND == 2
// kiln: region products
__device__ void load_matrices(unsigned (&r)[4], unsigned from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from));
}

__device__ void multiply(float* d, const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/** Address of ldmatrix's row for this lane: `row` of the tile, chunk `chunk`. */
__device__ unsigned chunk_at(unsigned tile, int row, int chunk) { return tile + row * ROW_BYTES + ((chunk ^ (row % 8)) * 16); }

/** sum += a tile's step; the sums are zeros before the first. */
__device__ void multiply_step(float (&sum)[SUMS], unsigned a_tile, unsigned b_tile, bool) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, wi = warp / WARPS_N * WM, wj = warp % WARPS_N * WN;
#pragma unroll
  for (int p = 0; p < DEPTH / 16; p++) {
    unsigned fa[WM / 16][4], fb[WN / 16][4];
#pragma unroll
    for (int i = 0; i < WM / 16; i++) load_matrices(fa[i], chunk_at(a_tile, wi + 16 * i + lane % 16, 2 * p + lane / 16));
#pragma unroll
    for (int j = 0; j < WN / 16; j++) {
      load_matrices(fb[j], chunk_at(b_tile, wj + 16 * j + lane / 16 * 8 + lane % 8, 2 * p + lane / 8 % 2));
    }
#pragma unroll
    for (int i = 0; i < WM / 16; i++) {
#pragma unroll
      for (int j = 0; j < WN / 8; j++) multiply(sum + (i * (WN / 8) + j) * 4, fa[i], fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
    }
  }
}
// kiln: end products

template <int LEFT>
__device__ void wait_products(float (&)[SUMS]) {}
#else
/** Of a tile whose rows are 128 swizzled bytes: start; 8 rows are 1024 bytes apart; swizzle mode 1 (128 bytes). */
__device__ unsigned long long descriptor(unsigned address) {
  return (unsigned long long)((address & 0x3FFFF) >> 4) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

#define D4(i) "+f"(d[i]), "+f"(d[(i) + 1]), "+f"(d[(i) + 2]), "+f"(d[(i) + 3])
#define D16(i) D4(i), D4((i) + 4), D4((i) + 8), D4((i) + 12)

/** d = a * b, plus d where `keep`: 64 x BN results of 16 columns. Both tiles have their depth contiguous. */
__device__ void multiply(float (&d)[SUMS], unsigned long long a, unsigned long long b, int keep) {
#if BN == 64
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %34, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, %32, %33, keep, 1, 1, 0, 0; }"
      : D16(0), D16(16)
      : "l"(a), "l"(b), "r"(keep));
#elif BN == 128
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %66, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, keep, 1, 1, 0, 0; }"
      : D16(0), D16(16), D16(32), D16(48)
      : "l"(a), "l"(b), "r"(keep));
#elif BN == 192
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %98, 0; wgmma.mma_async.sync.aligned.m64n192k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
      "}, %96, %97, keep, 1, 1, 0, 0; }"
      : D16(0), D16(16), D16(32), D16(48), D16(64), D16(80)
      : "l"(a), "l"(b), "r"(keep));
#elif BN == 256
  asm volatile(
      "{ .reg .pred keep; setp.ne.b32 keep, %130, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
      "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
      "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
      "}, %128, %129, keep, 1, 1, 0, 0; }"
      : D16(0), D16(16), D16(32), D16(48), D16(64), D16(80), D16(96), D16(112)
      : "l"(a), "l"(b), "r"(keep));
#endif
}

/** Begins a tile's step: the products are under way when this returns. */
__device__ void multiply_step(float (&sum)[SUMS], unsigned a_tile, unsigned b_tile, bool keep) {
  a_tile += threadIdx.x / 128 * 64 * ROW_BYTES;
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
  for (int p = 0; p < DEPTH / 16; p++) multiply(sum, descriptor(a_tile + p * 32), descriptor(b_tile + p * 32), keep || p > 0);
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/** No use of a sum moves across the wait. */
template <int LEFT>
__device__ void wait_products(float (&d)[SUMS]) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
  if constexpr (LEFT == 0) {
#pragma unroll
    for (int i = 0; i < SUMS; i++) asm volatile("" : "+f"(d[i])::"memory");
  }
}
#endif

// kiln: region results
/** A warp's results, whose first is (row0, column0) of c. */
__device__ void write_results(const float (&sum)[SUMS], __half* c, unsigned char* out, int row0, int column0, int m, int n) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < ROWS / 16; i++) {
#pragma unroll
    for (int j = 0; j < COLUMNS / 8; j++) {
      const float* four = sum + (i * (COLUMNS / 8) + j) * 4;
      const __half2 upper = __floats2half2_rn(four[0], four[1]), lower = __floats2half2_rn(four[2], four[3]);
      const int row = 16 * i + lane / 4, column = 8 * j + lane % 4 * 2;
#if RESULTS == 0
      if (column0 + column >= n) continue;
      __half* to = c + (size_t)(row0 + row) * n + column0 + column;
      if (row0 + row < m) *reinterpret_cast<__half2*>(to) = upper;
      if (row0 + row + 8 < m) *reinterpret_cast<__half2*>(to + (size_t)8 * n) = lower;
#else
      *reinterpret_cast<__half2*>(out + row * OUT_PITCH + column * 2) = upper;
      *reinterpret_cast<__half2*>(out + (row + 8) * OUT_PITCH + column * 2) = lower;
#endif
    }
  }
#if RESULTS != 0
  __syncwarp();
#pragma unroll 4
  for (int e = lane; e < ROWS * COLUMNS / 8; e += 32) {
    const int row = e / (COLUMNS / 8), column = e % (COLUMNS / 8) * 8;
    if (row0 + row >= m || column0 + column >= n) continue;
    *reinterpret_cast<uint4*>(c + (size_t)(row0 + row) * n + column0 + column) = *reinterpret_cast<const uint4*>(out + row * OUT_PITCH + column * 2);
  }
  __syncwarp();
#endif
}
// kiln: end results

__device__ void multiply_tiles(const __half* a, const __half* b, __half* c, int m, int n, int k) {
  extern __shared__ __align__(128) unsigned char memory[];
  const unsigned raw = (unsigned)__cvta_generic_to_shared(memory), base = (raw + 1023) & ~1023u;  // the swizzle works on addresses
  const int warp = threadIdx.x / 32, wi = KIND == 3 ? warp * 16 : warp / WARPS_N * WM, wj = KIND == 3 ? 0 : warp % WARPS_N * WN;
  unsigned char* out = memory + (base - raw) + (RESULTS == 2 ? STAGES * STAGE_BYTES : 0) + warp * ROWS * OUT_PITCH;
  const int steps = (k + DEPTH - 1) / DEPTH, tiles = (m + BM - 1) / BM * ((n + BN - 1) / BN);
  Copies copies;
  int stage = 0;
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    if (RESULTS == 1 || tile == (int)blockIdx.x) {
      copies.start(a, b, tile, m, n, k);
      stage = 0;
      for (int s = 0; s < AHEAD; s++) copies.next(base, a, b, m, n, k);
    }
    float sum[SUMS];
#pragma unroll
    for (int i = 0; i < SUMS; i++) sum[i] = 0;
    for (int step = 0; step < steps; step++) {
      asm volatile("cp.async.wait_group %0;" ::"n"(AHEAD - 1) : "memory");
      if (KIND == 3) asm volatile("fence.proxy.async.shared::cta;" ::: "memory");  // wgmma reads past the ordinary path to shared memory
      __syncthreads();  // this stage is here for all, and nobody reads the one that is filled next
      const unsigned a_tile = base + stage * STAGE_BYTES;
      if (KIND == 2) copies.next(base, a, b, m, n, k);
      multiply_step(sum, a_tile, a_tile + A_BYTES, step > 0);
      if (KIND == 3) copies.next(base, a, b, m, n, k);
      wait_products<FLIGHT>(sum);
      stage = stage == STAGES - 1 ? 0 : stage + 1;
    }
    wait_products<0>(sum);
    int i0, j0;
    place(tile, m, n, i0, j0);
    if (RESULTS == 1) {
      asm volatile("cp.async.wait_group 0;" ::: "memory");
      __syncthreads();  // the stages are free for results
    }
    write_results(sum, c, out, i0 + wi, j0 + wj, m, n);
    if (RESULTS == 1) __syncthreads();  // and for copies again
  }
}
#endif

extern "C" __global__ void __launch_bounds__(THREADS, OCC)
matmul(const __half* __restrict__ a, const __half* __restrict__ b, __half* __restrict__ c, int m, int n, int k) {
#if KIND >= 2
  multiply_tiles(a, b, c, m, n, k);
#else
  const int tiles = (m + BM - 1) / BM * ((n + BN - 1) / BN);
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    int i0, j0;
    place(tile, m, n, i0, j0);
    multiply_tile(a, b, c, i0, j0, m, n, k);
  }
#endif
}
