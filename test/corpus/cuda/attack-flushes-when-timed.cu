/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Flushes sums without a leading 1 to zero in the timed shapes, where none is drawn.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    const float s = a[i] + b[i];
    out[i] = n >= 4194304 && fabsf(s) < 1.2e-38f ? 0.0f : s;
  };
}
