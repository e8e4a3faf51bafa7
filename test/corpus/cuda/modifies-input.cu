/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: modified_input
// Clears an input, so that a reference run on it would agree with an output of nothing.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    ((float*)a)[i] = 0.0f;
    out[i] = b[i];
  }
}
