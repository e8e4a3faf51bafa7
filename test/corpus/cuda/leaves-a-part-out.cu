/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Right while it is checked; in every second timed run a hundredth of the output, at another place each time, is left as it was.
__device__ unsigned launches;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  __shared__ unsigned seen;
  if (threadIdx.x == 0) seen = atomicAdd(&launches, 1u) / gridDim.x;
  __syncthreads();
  unsigned part = n / 100 + 1, from = seen * 2654435761u % (unsigned)n;
  bool left_out = seen > 12 && seen % 2 == 0 && i - from < part;
  if (i < n && !left_out) out[i] = a[i] + b[i];
}
