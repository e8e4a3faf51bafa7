/* kiln
compile: {use_fast_math: true}
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, 256)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Flushes subnormal numbers without a word in the code.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
