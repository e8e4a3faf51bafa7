/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Right while it is checked and in two of three timed runs: whoever looks at few outputs sees right ones.
__device__ unsigned launches;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  __shared__ unsigned long long seen;
  if (threadIdx.x == 0) seen = atomicAdd(&launches, 1u) / gridDim.x;
  __syncthreads();
  if (i < n && (seen < 12 || seen % 3 != 0)) out[i] = a[i] + b[i];
}
