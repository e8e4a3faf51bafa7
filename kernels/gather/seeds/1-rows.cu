/* kiln
params: {THREADS: 128}
space: {THREADS: [32, 64, 128, 256, 512]}
launch:
  - kernel: gather
    grid: [tokens]
    block: [THREADS]
    args: [table, ids, out, cols]
*/
// A block a row: the row's place is read once, and its bytes go 16 at a time where rows allow it.
static_assert(THREADS % 32 == 0 && THREADS <= 1024, "THREADS is a multiple of a warp, at most 1024");

extern "C" __global__ void __launch_bounds__(THREADS) gather(const unsigned short* __restrict__ table, const int* __restrict__ ids, unsigned short* __restrict__ out, int cols) {
  const unsigned short* from = table + (size_t)ids[blockIdx.x] * cols;
  unsigned short* to = out + (size_t)blockIdx.x * cols;
  if (cols % 8 != 0) {
    for (int c = threadIdx.x; c < cols; c += THREADS) to[c] = from[c];
    return;
  }
  for (int c = threadIdx.x; c < cols / 8; c += THREADS) reinterpret_cast<uint4*>(to)[c] = reinterpret_cast<const uint4*>(from)[c];
}
