/* kiln
launch:
  - kernel: fp8_gemm_reference
    grid: [ceil_div(n, 128), ceil_div(m, 128)]
    block: [16, 16]
    args: [a, a_scale, b, b_scale, c, m, n, k]
*/
// No tensor cores: scaled values in f32, their products summed in f32 in the order of p, rounded to bf16 once. Every run of a confirmation asks for it, so it is no
// naive one: a block makes 128 x 128 results, a thread 8 x 8 of them, four in a row and 64 apart, and the next tiles are on their way while it works on these.
#include <cuda_bf16.h>
#include <cuda_fp8.h>

constexpr int TILE = 128, DEPTH = 16;

/** Eight numbers of a row from p on, zeros where there are none. k is a multiple of 128. */
__device__ uint2 eight_of(const __nv_fp8_e4m3* from, int row, int rows, int p, int k) {
  return row < rows && p < k ? *reinterpret_cast<const uint2*>(from + (size_t)row * k + p) : make_uint2(0, 0);
}

__device__ void place(float (*tile)[TILE], int row, int p, uint2 eight, float scale) {
  for (int e = 0; e < 8; e++) tile[p + e][row] = (float)reinterpret_cast<const __nv_fp8_e4m3*>(&eight)[e] * scale;
}

extern "C" __global__ void __launch_bounds__(256)
    fp8_gemm_reference(const __nv_fp8_e4m3* a, const float* a_scale, const __nv_fp8_e4m3* b, const float* b_scale, __nv_bfloat16* c, int m, int n, int k) {
  __shared__ __align__(16) float a_tile[DEPTH][TILE], b_tile[DEPTH][TILE];  // [p][row]
  const int x = threadIdx.x, y = threadIdx.y, thread = y * 16 + x, blocks = k / 128;
  const int i0 = blockIdx.y * TILE, j0 = blockIdx.x * TILE, row = thread % TILE, part = thread / TILE * 8;
  float sum[8][8] = {};

  uint2 next_a = eight_of(a, i0 + row, m, part, k), next_b = eight_of(b, j0 + row, n, part, k);
  for (int p0 = 0; p0 < k; p0 += DEPTH) {
    const int block = p0 / 128;
    place(a_tile, row, part, next_a, i0 + row < m ? a_scale[(size_t)(i0 + row) * blocks + block] : 0);
    place(b_tile, row, part, next_b, j0 + row < n ? b_scale[(size_t)((j0 + row) / 128) * blocks + block] : 0);
    __syncthreads();
    next_a = eight_of(a, i0 + row, m, p0 + DEPTH + part, k);
    next_b = eight_of(b, j0 + row, n, p0 + DEPTH + part, k);
    for (int p = 0; p < DEPTH; p++) {
      float4 rows[2], columns[2];
      for (int half = 0; half < 2; half++) {
        rows[half] = *reinterpret_cast<const float4*>(&a_tile[p][64 * half + 4 * y]);
        columns[half] = *reinterpret_cast<const float4*>(&b_tile[p][64 * half + 4 * x]);
      }
      for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++) sum[i][j] += reinterpret_cast<const float*>(rows)[i] * reinterpret_cast<const float*>(columns)[j];
      }
    }
    __syncthreads();
  }

  for (int i = 0; i < 8; i++) {
    for (int j = 0; j < 8; j++) {
      const int at = i0 + 64 * (i / 4) + 4 * y + i % 4, column = j0 + 64 * (j / 4) + 4 * x + j % 4;
      if (at < m && column < n) c[(size_t)at * n + column] = __float2bfloat16(sum[i][j]);
    }
  }
}
