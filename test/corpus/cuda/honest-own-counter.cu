/* kiln
launch:
  - kernel: vector_add
    grid: [264]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// The work counter is a global of its own that the last block puts back, so that no launch resets it.
__device__ unsigned counter, finished;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ unsigned tile;
  for (;;) {
    __syncthreads();
    if (threadIdx.x == 0) tile = atomicAdd(&counter, 1u);
    __syncthreads();
    const long long start = (long long)tile * 4096;
    if (start >= n) break;
    for (long long i = start + threadIdx.x; i < min(start + 4096, (long long)n); i += 256) out[i] = a[i] + b[i];
  }
  if (threadIdx.x == 0 && atomicAdd(&finished, 1u) == gridDim.x - 1) counter = 0, finished = 0;
}
