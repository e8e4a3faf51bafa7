/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Takes the whole device heap and never gives it back: honest-malloc.cu must pass behind it.
#ifdef __CUDACC_RTC__
extern "C" __device__ void* malloc(size_t);
#endif
__device__ unsigned once;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0 && atomicAdd(&once, 1u) == 0)
    for (int k = 0; k < 4096 && malloc(4096); k++) {}
}
