/* kiln
launch:
  - kernel: fp8_gemm_reference
    grid: [ceil_div(n, 64), ceil_div(m, 64)]
    block: [16, 16]
    args: [a, a_scale, b, b_scale, c, m, n, k]
*/
// No tensor cores: scaled values in f32, their products summed in f32, rounded to bf16 once. A block makes 64 x 64 results, a thread 4 x 4 of them, 16 apart.
#include <cuda_bf16.h>
#include <cuda_fp8.h>

extern "C" __global__ void fp8_gemm_reference(const __nv_fp8_e4m3* a, const float* a_scale, const __nv_fp8_e4m3* b, const float* b_scale,
                                              __nv_bfloat16* c, int m, int n, int k) {
  __shared__ float a_tile[16][65], b_tile[16][65];  // [p][row]
  const int x = threadIdx.x, y = threadIdx.y, blocks = k / 128;
  const int i0 = blockIdx.y * 64, j0 = blockIdx.x * 64;
  float sum[4][4] = {};

  for (int p0 = 0; p0 < k; p0 += 16) {
    const int p = p0 + x, block = p / 128;
    for (int row = y; row < 64; row += 16) {
      const int i = i0 + row, j = j0 + row;
      a_tile[x][row] = i < m ? (float)a[(size_t)i * k + p] * a_scale[(size_t)i * blocks + block] : 0;
      b_tile[x][row] = j < n ? (float)b[(size_t)j * k + p] * b_scale[(size_t)(j / 128) * blocks + block] : 0;
    }
    __syncthreads();
    for (int q = 0; q < 16; q++) {
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) sum[i][j] += a_tile[q][y + 16 * i] * b_tile[q][x + 16 * j];
      }
    }
    __syncthreads();
  }

  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) {
      const int row = i0 + y + 16 * i, column = j0 + x + 16 * j;
      if (row < m && column < n) c[(size_t)row * n + column] = __float2bfloat16(sum[i][j]);
    }
  }
}
