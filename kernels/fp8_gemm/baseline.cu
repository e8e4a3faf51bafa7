/* kiln
launch:
  - kernel: fp8_gemm
    grid: [ceil_div(n, 64), ceil_div(m, 64)]
    block: [128]
    args: [a, a_scale, b, b_scale, c, m, n, k]
*/
// A first attempt with tensor cores: FP8 becomes f16, which holds it, 64 x 64 results a block, four warps of 32 x 32, one tile in shared memory at a time. The sums of
// 128 products are scaled in f32.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <mma.h>
using namespace nvcuda::wmma;

constexpr int TILE = 64, DEPTH = 64, PITCH = DEPTH + 8;

/** Rows row0.. of a matrix of `rows` x `k`, columns p0..p0+63, zero outside. */
__device__ void load_tile(__half (*tile)[PITCH], const unsigned char* from, int row0, int rows, int p0, int k) {
  for (int i = threadIdx.x; i < TILE * DEPTH / 8; i += 128) {
    const int row = i / (DEPTH / 8), p = i % (DEPTH / 8) * 8;
    uint2 eight = make_uint2(0, 0);
    if (row0 + row < rows) eight = *reinterpret_cast<const uint2*>(from + (size_t)(row0 + row) * k + p0 + p);
    const __nv_fp8x2_storage_t* pairs = reinterpret_cast<const __nv_fp8x2_storage_t*>(&eight);
    for (int e = 0; e < 4; e++) *reinterpret_cast<__half2_raw*>(&tile[row][p + 2 * e]) = __nv_cvt_fp8x2_to_halfraw2(pairs[e], __NV_E4M3);
  }
}

extern "C" __global__ void fp8_gemm(const unsigned char* a, const float* a_scale, const unsigned char* b, const float* b_scale, __nv_bfloat16* c, int m, int n,
                                    int k) {
  __shared__ __align__(32) __half a_tile[TILE][PITCH];
  __shared__ __align__(32) __half b_tile[TILE][PITCH];
  __shared__ __align__(32) float result[4][16][16];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, blocks = k / 128;
  const int i0 = blockIdx.y * TILE, j0 = blockIdx.x * TILE;
  const int wi = warp / 2 * 32, wj = warp % 2 * 32;
  fragment<accumulator, 16, 16, 16, float> part[2][2];
  float sum[2][2][8] = {};

  for (int block = 0; block < blocks; block++) {
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 2; j++) fill_fragment(part[i][j], 0);
    }
    for (int p0 = block * 128; p0 < block * 128 + 128; p0 += DEPTH) {
      load_tile(a_tile, a, i0, m, p0, k);
      load_tile(b_tile, b, j0, n, p0, k);
      __syncthreads();
      for (int p = 0; p < DEPTH; p += 16) {
        fragment<matrix_a, 16, 16, 16, __half, row_major> fa[2];
        fragment<matrix_b, 16, 16, 16, __half, col_major> fb[2];
        for (int i = 0; i < 2; i++) load_matrix_sync(fa[i], &a_tile[wi + 16 * i][p], PITCH);
        for (int j = 0; j < 2; j++) load_matrix_sync(fb[j], &b_tile[wj + 16 * j][p], PITCH);
        for (int i = 0; i < 2; i++) {
          for (int j = 0; j < 2; j++) mma_sync(part[i][j], fa[i], fb[j], part[i][j]);
        }
      }
      __syncthreads();
    }
    const float column_scale = b_scale[(size_t)(j0 / 128) * blocks + block];
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 2; j++) {
        store_matrix_sync(&result[warp][0][0], part[i][j], 16, mem_row_major);
        __syncwarp();
        for (int e = 0; e < 8; e++) {
          const int at = lane + 32 * e, row = min(i0 + wi + 16 * i + at / 16, m - 1);
          sum[i][j][e] += result[warp][at / 16][at % 16] * (a_scale[(size_t)row * blocks + block] * column_scale);
        }
        __syncwarp();
      }
    }
  }

  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) {
      for (int e = 0; e < 8; e++) {
        const int at = lane + 32 * e, row = i0 + wi + 16 * i + at / 16, column = j0 + wj + 16 * j + at % 16;
        if (row < m && column < n) c[(size_t)row * n + column] = __float2bfloat16(sum[i][j][e]);
      }
    }
  }
}
