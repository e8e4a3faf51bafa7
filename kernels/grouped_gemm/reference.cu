/* kiln
launch:
  - kernel: grouped_gemm_reference
    grid: [ceil_div(n, 64), ceil_div(tokens, 64), experts]
    block: [16, 16]
    args: [a, b, starts, c, n, k]
*/
// No tensor cores: f32 products summed in f32, rounded to bf16 once. A block makes 64 x 64 results of one group, a thread 4 x 4 of them, 16 apart; there are blocks
// for groups of any size, of which most have nothing to do.
#include <cuda_bf16.h>

extern "C" __global__ void grouped_gemm_reference(const __nv_bfloat16* a, const __nv_bfloat16* b, const int* starts, __nv_bfloat16* c, int n, int k) {
  __shared__ float a_tile[16][64], b_tile[16][64];  // [p][row]
  const int x = threadIdx.x, y = threadIdx.y;
  const int i0 = starts[blockIdx.z] + blockIdx.y * 64, m = starts[blockIdx.z + 1], j0 = blockIdx.x * 64;
  if (i0 >= m) return;
  b += (size_t)blockIdx.z * n * k;
  float sum[4][4] = {};

  for (int p0 = 0; p0 < k; p0 += 16) {
    for (int row = y; row < 64; row += 16) {
      const int p = p0 + x;
      a_tile[x][row] = i0 + row < m && p < k ? __bfloat162float(a[(size_t)(i0 + row) * k + p]) : 0;
      b_tile[x][row] = j0 + row < n && p < k ? __bfloat162float(b[(size_t)(j0 + row) * k + p]) : 0;
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
      if (row < m && column < n) c[(size_t)row * n + column] = __float2bfloat16(sum[i][j]);
    }
  }
}
