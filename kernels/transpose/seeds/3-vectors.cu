/* kiln
params: {TILE: 64, THREADS: 256}
launch:
  - kernel: transpose
    grid: [ceil_div(cols, TILE), ceil_div(rows, TILE)]
    block: [THREADS]
    args: [a, out, rows, cols]
*/
// 16-byte accesses on both sides and contiguous runs of TILE floats in both matrices. Each thread turns 4 x 4 squares around in
// registers on the way into shared memory, where a tile is kept already transposed as rows of 16-byte groups; the group's
// place in its row is swizzled by the row, so that both the stores (a column of groups) and the loads (a row) of a warp
// spread over all banks.
static_assert(TILE == 32 || TILE == 64 || TILE == 128, "TILE is 32, 64 or 128");
static_assert(THREADS % 32 == 0 && THREADS <= 1024, "THREADS is a multiple of a warp, at most 1024");
constexpr int GROUPS = TILE / 4;
constexpr int SQUARES = GROUPS * GROUPS;
static_assert(SQUARES % THREADS == 0, "each thread takes the same number of 4 x 4 squares");

/** Where group `g` (4 rows of the source) of transposed row `c` is kept. */
__device__ int place(int c, int g) { return c * GROUPS + (g ^ ((c / 4) % GROUPS)); }

__device__ void edge(const float* a, float* out, int rows, int cols, int r0, int c0) {
  for (int i = threadIdx.x; i < TILE * TILE; i += THREADS) {
    const int r = r0 + i / TILE, c = c0 + i % TILE;
    if (r < rows && c < cols) out[(size_t)c * rows + r] = a[(size_t)r * cols + c];
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) transpose(const float* __restrict__ a, float* __restrict__ out, int rows, int cols) {
  __shared__ float4 tile[TILE * GROUPS];
  const int r0 = blockIdx.y * TILE, c0 = blockIdx.x * TILE;
  const bool whole = r0 + TILE <= rows && c0 + TILE <= cols && rows % 4 == 0 && cols % 4 == 0;
  if (!whole) return edge(a, out, rows, cols, r0, c0);

#pragma unroll
  for (int s = 0; s < SQUARES / THREADS; s++) {
    const int square = s * THREADS + threadIdx.x;
    const int gr = square / GROUPS, gc = square % GROUPS;  // square of rows gr*4.., columns gc*4..
    const float* from = a + (size_t)(r0 + gr * 4) * cols + c0 + gc * 4;
    float4 v[4];
#pragma unroll
    for (int i = 0; i < 4; i++) v[i] = __ldcs(reinterpret_cast<const float4*>(from + (size_t)i * cols));
    tile[place(gc * 4 + 0, gr)] = make_float4(v[0].x, v[1].x, v[2].x, v[3].x);
    tile[place(gc * 4 + 1, gr)] = make_float4(v[0].y, v[1].y, v[2].y, v[3].y);
    tile[place(gc * 4 + 2, gr)] = make_float4(v[0].z, v[1].z, v[2].z, v[3].z);
    tile[place(gc * 4 + 3, gr)] = make_float4(v[0].w, v[1].w, v[2].w, v[3].w);
  }
  __syncthreads();
#pragma unroll
  for (int s = 0; s < TILE * GROUPS / THREADS; s++) {
    const int i = s * THREADS + threadIdx.x;
    const int c = i / GROUPS, g = i % GROUPS;
    __stcs(reinterpret_cast<float4*>(out + (size_t)(c0 + c) * rows + r0 + g * 4), tile[place(c, g)]);
  }
}
