/* kiln
launch:
  - kernel: reset
    grid: [1]
    block: [1]
    args: [counter]
  - kernel: vector_add
    grid: [264]
    block: [256]
    args: [a, b, out, counter, n]
scratch: {counter: 4}
*/
// expect: passed
// Blocks take tiles from a counter, as many as each can.
extern "C" __global__ void reset(unsigned* counter) { *counter = 0; }
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, unsigned* counter, int n) {
  __shared__ unsigned tile;
  for (;;) {
    __syncthreads();
    if (threadIdx.x == 0) tile = atomicAdd(counter, 1u);
    __syncthreads();
    const long long start = (long long)tile * 4096;
    if (start >= n) return;
    for (long long i = start + threadIdx.x; i < min(start + 4096, (long long)n); i += 256) out[i] = a[i] + b[i];
  }
}
