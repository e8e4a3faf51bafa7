/* kiln
params: {WARPS: 8, EACH: 4}
space: {WARPS: [2, 4, 8, 16], EACH: [1, 2, 4, 8]}
launch:
  - kernel: gather
    grid: [ceil_div(tokens, WARPS)]
    block: [32, WARPS]
    args: [table, ids, out, tokens, cols]
*/
// A warp a row, EACH pieces of 16 bytes of each lane on their way at once. What is written is not read again: it leaves the cache to the table, whose rows may
// be asked for again.
static_assert(WARPS >= 1 && WARPS <= 32 && EACH >= 1 && EACH <= 16, "WARPS is 1 to 32, EACH is 1 to 16");

extern "C" __global__ void __launch_bounds__(32 * WARPS) gather(const unsigned short* __restrict__ table, const int* __restrict__ ids, unsigned short* __restrict__ out, int tokens, int cols) {
  const int row = blockIdx.x * WARPS + threadIdx.y, lane = threadIdx.x;
  if (row >= tokens) return;
  const unsigned short* from = table + (size_t)ids[row] * cols;
  unsigned short* to = out + (size_t)row * cols;
  if (cols % 8 != 0) {
    for (int c = lane; c < cols; c += 32) to[c] = from[c];
    return;
  }
  const int width = cols / 8;
  for (int first = lane; first < width; first += 32 * EACH) {
    uint4 piece[EACH];
#pragma unroll
    for (int e = 0; e < EACH; e++) {
      if (first + 32 * e < width) piece[e] = __ldg(reinterpret_cast<const uint4*>(from) + first + 32 * e);
    }
#pragma unroll
    for (int e = 0; e < EACH; e++) {
      if (first + 32 * e < width) __stcs(reinterpret_cast<uint4*>(to) + first + 32 * e, piece[e]);
    }
  }
}
