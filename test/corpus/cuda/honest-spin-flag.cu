/* kiln
launch:
  - kernel: reset
    grid: [1]
    block: [1]
    args: [flag]
  - kernel: vector_add
    grid: [132]
    block: [256]
    args: [a, b, out, flag, n]
scratch: {flag: 8}
*/
// expect: passed
// Blocks meet at a barrier over the grid half way, with fences and back-off: all of them are on the card at once.
extern "C" __global__ void reset(unsigned* flag) { flag[0] = flag[1] = 0; }
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, unsigned* flag, int n) {
  const int half = n / 2;
  for (int i = blockIdx.x * 256 + threadIdx.x; i < half; i += gridDim.x * 256) out[i] = a[i] + b[i];
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    if (atomicAdd(&flag[0], 1u) == gridDim.x - 1) atomicExch(&flag[1], 1u);
    while (atomicAdd(&flag[1], 0u) == 0) __nanosleep(64);
    __threadfence();
  }
  __syncthreads();
  for (int i = half + blockIdx.x * 256 + threadIdx.x; i < n; i += gridDim.x * 256) out[i] = a[i] + b[i];
}
