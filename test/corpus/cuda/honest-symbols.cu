/* kiln
symbols: {count: n, left: n}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out]
  - kernel: spoil
    grid: [1]
    block: [1]
    args: [out]
*/
// expect: passed
// Bounds in constant and in global memory; the second launch spoils what it can, and the next run finds it filled again.
__constant__ int count;
__device__ int left;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < count && i < left) out[i] = a[i] + b[i];
}
extern "C" __global__ void spoil(float*) { left = 0; }
