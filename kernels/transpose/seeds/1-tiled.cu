/* kiln
params: {TILE: 32, ROWS: 8}
launch:
  - kernel: transpose
    grid: [ceil_div(cols, TILE), ceil_div(rows, TILE)]
    block: [TILE, ROWS]
    args: [a, out, rows, cols]
*/
// A tile goes through shared memory, so that reads and writes are both contiguous. The column of padding keeps a column of the
// tile in TILE different banks.
static_assert(TILE % ROWS == 0 && TILE * ROWS <= 1024, "TILE is a multiple of ROWS, TILE * ROWS threads at most 1024");

extern "C" __global__ void __launch_bounds__(TILE * ROWS) transpose(const float* __restrict__ a, float* __restrict__ out, int rows, int cols) {
  __shared__ float tile[TILE][TILE + 1];
  const int x = threadIdx.x, y = threadIdx.y;
  const int r0 = blockIdx.y * TILE, c0 = blockIdx.x * TILE;
#pragma unroll
  for (int i = y; i < TILE; i += ROWS) {
    if (r0 + i < rows && c0 + x < cols) tile[i][x] = a[(size_t)(r0 + i) * cols + c0 + x];
  }
  __syncthreads();
#pragma unroll
  for (int i = y; i < TILE; i += ROWS) {
    if (c0 + i < cols && r0 + x < rows) out[(size_t)(c0 + i) * rows + r0 + x] = tile[x][i];
  }
}
