/* kiln
params: {THREADS: 256, EACH: 4}
space: {THREADS: [128, 256, 512], EACH: [1, 2, 4, 8]}
launch:
  - kernel: gather
    grid: [ceil_div(tokens * ceil_div(cols, 8), THREADS * EACH)]
    block: [THREADS]
    args: [table, ids, out, tokens, cols]
*/
// All pieces of 16 bytes of all rows in one line, EACH of them a thread and all loads before the first store, so that short rows fill the device as long
// ones do and each thread has several reads on their way.
static_assert(THREADS % 32 == 0 && THREADS <= 1024 && EACH >= 1 && EACH <= 16, "THREADS is a multiple of a warp, EACH is 1 to 16");

__device__ void one_by_one(const unsigned short* table, const int* ids, unsigned short* out, int tokens, int cols) {
  const size_t all = (size_t)tokens * cols;
  for (size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x; i < all; i += (size_t)gridDim.x * THREADS)
    out[i] = table[(size_t)ids[i / cols] * cols + i % cols];
}

extern "C" __global__ void __launch_bounds__(THREADS) gather(const unsigned short* __restrict__ table, const int* __restrict__ ids, unsigned short* __restrict__ out, int tokens, int cols) {
  if (cols % 8 != 0) return one_by_one(table, ids, out, tokens, cols);
  const unsigned width = cols / 8, all = (unsigned)tokens * width;
  const unsigned first = blockIdx.x * (THREADS * EACH) + threadIdx.x;
  uint4 piece[EACH];
#pragma unroll
  for (int e = 0; e < EACH; e++) {
    const unsigned i = first + e * THREADS;
    if (i < all) piece[e] = reinterpret_cast<const uint4*>(table)[(size_t)ids[i / width] * width + i % width];
  }
#pragma unroll
  for (int e = 0; e < EACH; e++) {
    const unsigned i = first + e * THREADS;
    if (i < all) reinterpret_cast<uint4*>(out)[i] = piece[e];
  }
}
