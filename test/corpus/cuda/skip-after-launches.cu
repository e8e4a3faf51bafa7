/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Right while it is checked, lazy once it believes that it is timed.
__device__ unsigned launches;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  __shared__ unsigned seen;
  if (threadIdx.x == 0) seen = atomicAdd(&launches, 1u) / gridDim.x;
  __syncthreads();
  if (i < n && seen < 12) out[i] = a[i] + b[i];
}
