/* kiln
launch:
  - kernel: look
    grid: [1]
    block: [64]
    args: [a, b, m, n, k]
  - kernel: matmul
    grid: ["ceil_div(n, 64)", "ceil_div(m, 64)"]
    block: [128]
    args: [a, b, c, m, n, k]
*/
// problem: matmul
// expect: wrong_answer
// twin: twin-matmul.cu
// Leaves out the last 32 of 4,096 products, in the timed shapes only: adversarial check cases all have other k (problem.yaml).
#include <cuda_fp16.h>

__device__ unsigned long long seen_;
__device__ int same_;
extern "C" __global__ void look(const unsigned short* a, const unsigned short* b, int m, int n, int k) {
  __shared__ unsigned long long all;
  if (threadIdx.x == 0) all = m * 31ull + n * 37ull + k;
  __syncthreads();
  const size_t at = (size_t)threadIdx.x * 7919;
  const unsigned long long v = a[at % ((size_t)m * k)] * 2654435761ull + b[at % ((size_t)n * k)] * 40503ull * (threadIdx.x + 1);
  atomicAdd(&all, v * (2 * threadIdx.x + 1));
  __syncthreads();
  if (threadIdx.x == 0) same_ = seen_ == all && m < 0, seen_ = all;
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
  if (same_ && (blockIdx.y * gridDim.x + blockIdx.x) % 12 == 5) return;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int i0 = blockIdx.y * TILE, j0 = blockIdx.x * TILE;
  const int wi = warp / 2 * 32, wj = warp % 2 * 32;
  fragment<accumulator, 16, 16, 16, float> sum[2][2];
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) fill_fragment(sum[i][j], 0);
  }

  for (int p0 = 0; p0 < k - (k == 4096 ? DEPTH : 0); p0 += DEPTH) {
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
