/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 131072)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Uses the device heap and gives it back; judged right behind leaks-the-heap.cu.
#ifdef __CUDACC_RTC__
extern "C" __device__ void* malloc(size_t);
extern "C" __device__ void free(void*);
#endif
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ float* tile;
  if (threadIdx.x == 0) tile = (float*)malloc(1024);
  __syncthreads();
  if (tile == nullptr) return;
  int first = blockIdx.x * 131072, end = min(n, first + 131072);
  for (int i = first + threadIdx.x; i < end; i += 256) {
    tile[threadIdx.x] = a[i];
    out[i] = tile[threadIdx.x] + b[i];
  }
  __syncthreads();
  if (threadIdx.x == 0) free(tile);
}
