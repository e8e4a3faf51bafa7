/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    shared: 98304
    args: [a, b, out, n]
*/
// expect: passed
// More dynamic shared memory than the 48 KiB a kernel gets without asking.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  extern __shared__ float tile[];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  tile[threadIdx.x + 24000] = i < n ? a[i] + b[i] : 0.0f;
  __syncthreads();
  if (i < n) out[i] = tile[threadIdx.x + 24000];
}
