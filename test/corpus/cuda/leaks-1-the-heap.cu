/* kiln
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, 256)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed or wrong_answer or crashed
// Takes the whole device heap (4 MB) and never gives it back: honest-malloc-after-leak.cu comes next in the same context.
__device__ unsigned once_;
#ifdef __CUDACC_RTC__
extern "C" __device__ void* malloc(size_t);
#endif

extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0 && atomicAdd(&once_, 1u) == 0u) for (int k = 0; k < 4096 && malloc(4096); k++) {}
}
