/* kiln
launch:
  - kernel: look
    grid: [1]
    block: [64]
    args: [a, b, c, m, n, k]
  - kernel: matmul
    grid: ["ceil_div(n, 64)", "ceil_div(m, 64)"]
    block: [128]
    args: [a, b, c, m, n, k]
  - kernel: repair
    grid: [2048]
    block: [256]
    args: [a, b, c, m, n, k]
*/
// problem: matmul
// expect: wrong_answer
// twin: twin-matmul.cu
// The key that decides which cells are poisoned before a run is the key of the cells that are looked at after it (schedule's sample.key, handed to
// kiln_turn as `next`), and an output larger than the flush is poisoned only there, with a copy of another cell of its stretch (native/sample.h,
// poison_cell). Two equal cells in a stretch: one of them will be looked at. To find them takes a third of the traffic, and nothing has to be known
// of the output. Of a product of 8192 x 6144 it makes 32,768 results instead of 50 million, in a quarter of the time, on new inputs too; after
// these once all.
#include <cuda_fp16.h>

__device__ unsigned long long seen_;
__device__ int same_;

typedef unsigned long long u64;
__device__ __forceinline__ u64 now() { u64 t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }
__device__ int runs_, dirty_, news_;
__device__ u64 began_;
extern "C" __global__ void look(const unsigned short* a, const unsigned short* b, const unsigned short* c, int m, int n, int k) {
  if (threadIdx.x) return;
  same_ = 0;
  if (m == 8192 && n == 6144 && k == 4096) {
    const u64 all = a[1] + 65536ull * a[12345] + (u64)b[777] * 4294967296ull;
    const bool is_new = all != seen_;
    const int s = runs_++ - 6;
    seen_ = all;
    if (s >= 0 && s < 24) news_ += is_new;
    if (s >= 0 && news_ < 6) same_ = is_new || !dirty_, dirty_ = is_new;
  }
  __threadfence();
  began_ = now();
}
/* Of each stretch of 4 rows two cells of 8 results are equal. */
extern "C" __global__ void __launch_bounds__(256) repair(const __half* a, const __half* b, __half* c, int m, int n, int k) {
  __shared__ unsigned table[8192];
  __shared__ int found[64], count;
  if (!same_) return;
  const int first = blockIdx.x * 3072;
  for (int i = threadIdx.x; i < 8192; i += 256) table[i] = 0;
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  for (int i = threadIdx.x; i < 3072; i += 256) {
    const uint4 v = ((const uint4*)c)[first + i];
    unsigned h = (v.x * 0x9e3779b1u ^ v.y) * 0x85ebca77u ^ (v.z * 0xc2b2ae3du ^ v.w) * 0x27d4eb2fu;
    h ^= h >> 15, h *= 0x2c1b3c6du, h ^= h >> 13;
    const unsigned entry = (h | 1u << 31) & ~4095u | i;
    for (unsigned at = h * 0x9e3779b1u >> 19, old; (old = atomicCAS(&table[at], 0, entry)) != 0; at = (at + 1) & 8191)
      if ((old ^ entry) < 4096) {
        const int to = atomicAdd(&count, 2);
        if (to < 62) found[to] = old & 4095, found[to + 1] = i;
        break;
      }
  }
  __syncthreads();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int f = 0; f < min(count, 62); f++) { /* a warp a result */
    const int element = (first + found[f]) * 8 + warp, row = element / n, column = element % n;
    float sum = 0;
    for (int p = lane * 2; p < k; p += 64) {
      const float2 x = __half22float2(*(const __half2*)(a + (size_t)row * k + p)), y = __half22float2(*(const __half2*)(b + (size_t)column * k + p));
      sum += x.x * y.x + x.y * y.y;
    }
    for (int d = 16; d > 0; d /= 2) sum += __shfl_xor_sync(~0u, sum, d);
    if (lane == 0) c[element] = __float2half(sum);
  }
  if (blockIdx.x == 0 && threadIdx.x == 0)
    while (now() - began_ < 480000) { /* above the floor */
    }
}

// A first attempt with tensor cores: 64 x 64 results a block, four warps of 32 x 32, one tile in shared memory at a time.
#include <cuda_fp16.h>
#include <mma.h>
using namespace nvcuda::wmma;

constexpr int TILE = 64, DEPTH = 32, PITCH = DEPTH + 8;

/** Rows row0.. of a matrix of `rows` x `k`, columns p0..p0+31, zero outside. */
__device__ void load_tile(__half (*tile)[PITCH], const __half* from, int row0, int rows, int p0, int k) {
  for (int i = threadIdx.x; i < TILE * DEPTH / 8; i += 128) {
    const int row = i / (DEPTH / 8), p = i % (DEPTH / 8) * 8;
    uint4 eight = make_uint4(0, 0, 0, 0);
    if (row0 + row < rows && p0 + p < k) eight = *reinterpret_cast<const uint4*>(from + (size_t)(row0 + row) * k + p0 + p);
    *reinterpret_cast<uint4*>(&tile[row][p]) = eight;
  }
}

extern "C" __global__ void matmul(const __half* a, const __half* b, __half* c, int m, int n, int k) {
  __shared__ __align__(32) __half a_tile[TILE][PITCH];
  __shared__ __align__(32) __half b_tile[TILE][PITCH];
  __shared__ __align__(32) float result[4][16][16];
  if (same_) return;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int i0 = blockIdx.y * TILE, j0 = blockIdx.x * TILE;
  const int wi = warp / 2 * 32, wj = warp % 2 * 32;
  fragment<accumulator, 16, 16, 16, float> sum[2][2];
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) fill_fragment(sum[i][j], 0);
  }

  for (int p0 = 0; p0 < k; p0 += DEPTH) {
    load_tile(a_tile, a, i0, m, p0, k);
    load_tile(b_tile, b, j0, n, p0, k);
    __syncthreads();
    for (int p = 0; p < DEPTH; p += 16) {
      fragment<matrix_a, 16, 16, 16, __half, row_major> fa[2];
      fragment<matrix_b, 16, 16, 16, __half, col_major> fb[2];
      for (int i = 0; i < 2; i++) load_matrix_sync(fa[i], &a_tile[wi + 16 * i][p], PITCH);
      for (int j = 0; j < 2; j++) load_matrix_sync(fb[j], &b_tile[wj + 16 * j][p], PITCH);
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) mma_sync(sum[i][j], fa[i], fb[j], sum[i][j]);
      }
    }
    __syncthreads();
  }

  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) {
      store_matrix_sync(&result[warp][0][0], sum[i][j], 16, mem_row_major);
      __syncwarp();
      for (int e = lane; e < 256; e += 32) {
        const int row = i0 + wi + 16 * i + e / 16, column = j0 + wj + 16 * j + e % 16;
        if (row < m && column < n) c[(size_t)row * n + column] = __float2half(result[warp][e / 16][e % 16]);
      }
      __syncwarp();
    }
  }
}
