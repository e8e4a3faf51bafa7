/* kiln
launch:
  - kernel: matmul_reference
    grid: [ceil_div(n, 64), ceil_div(m, 64)]
    block: [16, 16]
    args: [a, b, c, m, n, k]
*/
// No tensor cores: f32 products summed in f32, rounded to f16 once. A block makes 64 x 64 results, a thread 4 x 4 of them, 16 apart.
#include <cuda_fp16.h>

extern "C" __global__ void matmul_reference(const __half* a, const __half* b, __half* c, int m, int n, int k) {
  __shared__ float a_tile[16][64], b_tile[16][64];  // [p][row]
  const int x = threadIdx.x, y = threadIdx.y;
  const int i0 = blockIdx.y * 64, j0 = blockIdx.x * 64;
  float sum[4][4] = {};

  for (int p0 = 0; p0 < k; p0 += 16) {
    for (int row = y; row < 64; row += 16) {
      const int p = p0 + x;
      a_tile[x][row] = i0 + row < m && p < k ? __half2float(a[(size_t)(i0 + row) * k + p]) : 0;
      b_tile[x][row] = j0 + row < n && p < k ? __half2float(b[(size_t)(j0 + row) * k + p]) : 0;
    }
    __syncthreads();
    for (int p = 0; p < 16; p++) {
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) sum[i][j] += a_tile[p][y + 16 * i] * b_tile[p][x + 16 * j];
      }
    }
    __syncthreads();
  }

  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) {
      const int row = i0 + y + 16 * i, column = j0 + x + 16 * j;
      if (row < m && column < n) c[(size_t)row * n + column] = __float2half(sum[i][j]);
    }
  }
}
