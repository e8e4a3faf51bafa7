/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Never writes the last element.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n - 1) out[i] = a[i] + b[i];
}
