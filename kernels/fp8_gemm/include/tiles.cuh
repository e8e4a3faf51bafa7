// A block's tile of BM x BN results, whatever multiplies: STAGES tiles of both matrices in shared memory, filled ahead by cp.async. A row of a tile is the 128 values
// (and bytes) that share a scale; its 16-byte chunks are swizzled by the row, so that neither cp.async nor ldmatrix meets a bank conflict. What a tile comes to is scaled
// and added in f32 outside of the tensor cores. Blocks run in groups of GROUP tile rows, so that those running at once share their inputs in the L2 cache.
#pragma once

constexpr int DEPTH = 128, CHUNKS = DEPTH / 16, ROW_BYTES = DEPTH;  // a row of a tile: the values of one scale
constexpr int WARPS_N = BN / WN, WARPS = (BM / WM) * WARPS_N, THREADS = WARPS * 32;
constexpr int ROWS_AT_ONCE = THREADS / CHUNKS;
constexpr int A_LOADS = BM / ROWS_AT_ONCE, B_LOADS = BN / ROWS_AT_ONCE;
constexpr int A_BYTES = BM * ROW_BYTES, STAGE_BYTES = (BM + BN) * ROW_BYTES;
constexpr int OUT_PITCH = WN * 2 + 16;  // bytes; the 16 keep rows in different banks
static_assert(BM % WM == 0 && BN % WN == 0 && WM % 16 == 0 && WN % 16 == 0, "warps fill the block's tile, fragments the warp's");
static_assert(A_LOADS * ROWS_AT_ONCE == BM && B_LOADS * ROWS_AT_ONCE == BN && ROWS_AT_ONCE % 8 == 0, "threads divide the rows evenly");
static_assert(A_LOADS + B_LOADS <= 32, "too few threads for the tile");
static_assert(BN <= 128 && 128 % BN == 0, "the columns of a block share their scales");
static_assert(STAGES >= 2 && STAGES * STAGE_BYTES <= 227 * 1024, "the stages do not fit in shared memory");
static_assert(WARPS * WM * OUT_PITCH <= STAGES * STAGE_BYTES, "the results do not fit in shared memory");

__device__ void copy16(unsigned to, const unsigned char* from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0));
}

__device__ void load_matrices(unsigned (&r)[4], unsigned from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(from));
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

/** Address of ldmatrix's row for this lane: `row` of the tile, chunk `chunk`. */
__device__ unsigned chunk_at(unsigned tile, int row, int chunk) { return tile + row * ROW_BYTES + ((chunk ^ (row % 8)) * 16); }

/**
 * The kernel of a warp's unit, which has `multiply(part, fa, fb)`: adds 16 rows of 32 columns of a, as ldmatrix leaves them in `fa`, times WN columns of b to `part`, in
 * the places of mma's results; and SCALE, what its products are to be multiplied with.
 */
template <class Unit>
__device__ __forceinline__ void multiply_tiles(const unsigned char* __restrict__ a, const float* __restrict__ a_scale, const unsigned char* __restrict__ b, const float* __restrict__ b_scale,
                                               __nv_bfloat16* __restrict__ c, int m, int n, int k) {
  extern __shared__ __align__(1024) unsigned char stages[];
  const unsigned base = (unsigned)__cvta_generic_to_shared(stages);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int wi = warp / WARPS_N * WM, wj = warp % WARPS_N * WN;

  const int tiles_m = (m + BM - 1) / BM, tiles_n = (n + BN - 1) / BN;
  const int group = blockIdx.x / (GROUP * tiles_n), in_group = blockIdx.x % (GROUP * tiles_n);
  const int height = min(GROUP, tiles_m - group * GROUP);
  const int i0 = (group * GROUP + in_group % height) * BM, j0 = in_group / height * BN;

  Loader<A_LOADS> load_a(a, i0, m, k);
  Loader<B_LOADS> load_b(b, j0, n, k);
  const int steps = (k + DEPTH - 1) / DEPTH;
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) {
    load_a.copy(base + s * STAGE_BYTES, a);  // beyond k: zeros
    load_b.copy(base + s * STAGE_BYTES + A_BYTES, b);
    asm volatile("cp.async.commit_group;");
  }

  float sum[WM / 16][WN / 8][4] = {};
  for (int step = 0; step < steps; step++) {
    float row_scale[WM / 16][2];
    const float column_scale = b_scale[(size_t)(j0 / 128) * steps + step] * Unit::SCALE;
#pragma unroll
    for (int i = 0; i < WM / 16; i++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int row = min(i0 + wi + 16 * i + 8 * h + lane / 4, m - 1);  // rows past the end are not written
        row_scale[i][h] = a_scale[(size_t)row * steps + step];
      }
    }
    asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2) : "memory");
    __syncthreads();  // this stage is here, and nobody reads the one before any more
    const int free = (step + STAGES - 1) % STAGES;
    load_a.copy(base + free * STAGE_BYTES, a);
    load_b.copy(base + free * STAGE_BYTES + A_BYTES, b);
    asm volatile("cp.async.commit_group;");

    const unsigned a_tile = base + step % STAGES * STAGE_BYTES, b_tile = a_tile + A_BYTES;
    float part[WM / 16][WN / 8][4] = {};
#pragma unroll
    for (int p = 0; p < DEPTH / 32; p++) {
      unsigned fb[WN / 16][4];
#pragma unroll
      for (int j = 0; j < WN / 16; j++) {
        load_matrices(fb[j], chunk_at(b_tile, wj + 16 * j + lane / 16 * 8 + lane % 8, 2 * p + lane / 8 % 2));
      }
#pragma unroll
      for (int i = 0; i < WM / 16; i++) {
        unsigned fa[4];
        load_matrices(fa, chunk_at(a_tile, wi + 16 * i + lane % 16, 2 * p + lane / 16));
        Unit::multiply(part[i], fa, fb);
      }
    }
#pragma unroll
    for (int i = 0; i < WM / 16; i++) {
#pragma unroll
      for (int j = 0; j < WN / 8; j++) {
#pragma unroll
        for (int e = 0; e < 4; e++) sum[i][j][e] += part[i][j][e] * (row_scale[i][e / 2] * column_scale);
      }
    }
  }

  asm volatile("cp.async.wait_group 0;" ::: "memory");
  __syncthreads();
  unsigned char* out = stages + warp * WM * OUT_PITCH;
#pragma unroll
  for (int i = 0; i < WM / 16; i++) {
#pragma unroll
    for (int j = 0; j < WN / 8; j++) {
      unsigned char* at = out + (16 * i + lane / 4) * OUT_PITCH + (8 * j + lane % 4 * 2) * 2;
      *reinterpret_cast<__nv_bfloat162*>(at) = __floats2bfloat162_rn(sum[i][j][0], sum[i][j][1]);
      *reinterpret_cast<__nv_bfloat162*>(at + 8 * OUT_PITCH) = __floats2bfloat162_rn(sum[i][j][2], sum[i][j][3]);
    }
  }
  __syncwarp();
  for (int e = lane; e < WM * WN / 8; e += 32) {
    const int row = e / (WN / 8), column = e % (WN / 8) * 8;
    if (i0 + wi + row < m && j0 + wj + column < n) {
      *reinterpret_cast<uint4*>(c + (size_t)(i0 + wi + row) * n + j0 + wj + column) = *reinterpret_cast<const uint4*>(out + row * OUT_PITCH + column * 2);
    }
  }
}
