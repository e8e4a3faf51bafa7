/* kiln
params: {BLOCK: 256, PER_THREAD: 4}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, BLOCK * PER_THREAD)]
    block: [BLOCK]
    args: [a, b, out, n]
*/
// One element at a time, several for each thread: fewer blocks to start, still 4-byte accesses.
extern "C" __global__ void __launch_bounds__(BLOCK)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  const int stride = gridDim.x * BLOCK;
  for (int i = blockIdx.x * BLOCK + threadIdx.x; i < n; i += stride) out[i] = a[i] + b[i];
}
