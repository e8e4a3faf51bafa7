/* kiln
launch:
  - kernel: transpose
    grid: [ceil_div(cols, 32), ceil_div(rows, 32)]
    block: [32, 8]
    args: [a, out, rows, cols]
*/
// problem: transpose
// expect: passed
// Honest twin of the transposes that leave something out.
// A tile goes through shared memory, so that reads and writes are both contiguous. The column of padding keeps a column of the
// tile in 32 different banks.

extern "C" __global__ void __launch_bounds__(256) transpose(const float* __restrict__ a, float* __restrict__ out, int rows, int cols) {
  __shared__ float tile[32][33];
  const int x = threadIdx.x, y = threadIdx.y;
  const int r0 = blockIdx.y * 32, c0 = blockIdx.x * 32;
#pragma unroll
  for (int i = y; i < 32; i += 8) {
    if (r0 + i < rows && c0 + x < cols) tile[i][x] = a[(size_t)(r0 + i) * cols + c0 + x];
  }
  __syncthreads();
#pragma unroll
  for (int i = y; i < 32; i += 8) {
    if (c0 + i < cols && r0 + x < rows) out[(size_t)(c0 + i) * rows + r0 + x] = tile[x][i];
  }
}
