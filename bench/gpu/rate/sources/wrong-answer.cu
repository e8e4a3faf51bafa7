/* kiln
params: {VARIANT: 0}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// Forgets the last element that a thread of the last block would write.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n - 1 - VARIANT) out[i] = a[i] + b[i];
}
