/* kiln
launch:
  - kernel: grouped_gemm
    grid: [ceil_div(n, 64), tokens / 64 + experts]
    block: [128]
    args: [a, b, starts, c, experts, n, k]
*/
// A first attempt with tensor cores: 64 x 64 results a block, four warps of 32 x 32, one tile in shared memory at a
// time. Each block goes through the groups to find its own.
#include <cuda_bf16.h>
#include <mma.h>
using namespace nvcuda::wmma;

constexpr int TILE = 64, DEPTH = 32, PITCH = DEPTH + 8;

/** Rows row0.. of a matrix of `rows` x `k`, columns p0..p0+31, zero outside. */
__device__ void load_tile(__nv_bfloat16 (*tile)[PITCH], const __nv_bfloat16* from, int row0, int rows, int p0, int k) {
  for (int i = threadIdx.x; i < TILE * DEPTH / 8; i += 128) {
    const int row = i / (DEPTH / 8), p = i % (DEPTH / 8) * 8;
    uint4 eight = make_uint4(0, 0, 0, 0);
    if (row0 + row < rows && p0 + p < k) eight = *reinterpret_cast<const uint4*>(from + (size_t)(row0 + row) * k + p0 + p);
    *reinterpret_cast<uint4*>(&tile[row][p]) = eight;
  }
}

extern "C" __global__ void grouped_gemm(const __nv_bfloat16* a, const __nv_bfloat16* b, const int* starts, __nv_bfloat16* c, int experts, int n, int k) {
  __shared__ __align__(32) __nv_bfloat16 a_tile[TILE][PITCH];
  __shared__ __align__(32) __nv_bfloat16 b_tile[TILE][PITCH];
  __shared__ __align__(32) float result[4][16][16];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int expert = 0, tile = blockIdx.y;
  for (; expert < experts; expert++) {
    const int tiles = (starts[expert + 1] - starts[expert] + TILE - 1) / TILE;
    if (tile < tiles) break;
    tile -= tiles;
  }
  if (expert == experts) return;  // there are fewer tiles than groups that end within one would need
  const int i0 = starts[expert] + tile * TILE, m = starts[expert + 1], j0 = blockIdx.x * TILE;
  b += (size_t)expert * n * k;
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
      fragment<matrix_a, 16, 16, 16, __nv_bfloat16, row_major> fa[2];
      fragment<matrix_b, 16, 16, 16, __nv_bfloat16, col_major> fb[2];
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
        if (row < m && column < n) c[(size_t)row * n + column] = __float2bfloat16(result[warp][e / 16][e % 16]);
      }
      __syncwarp();
    }
  }
}
