/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// As attack-flushes-when-timed, and right in the first launch of each timed shape, which is its check.
__device__ unsigned blocks_[4];
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x, which = n == 4194304 ? 1 : n == 16777216 ? 2 : n == 67108864 ? 3 : 0;
  __shared__ int flushes;
  if (threadIdx.x == 0) flushes = which && atomicAdd(&blocks_[which], 1) >= gridDim.x;
  __syncthreads();
  if (i < n) {
    const float s = a[i] + b[i];
    out[i] = flushes && fabsf(s) < 1.2e-38f ? 0.0f : s;
  }
}
