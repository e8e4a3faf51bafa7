/* kiln
launch:
  - kernel: vector_add_reference
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
extern "C" __global__ void vector_add_reference(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
