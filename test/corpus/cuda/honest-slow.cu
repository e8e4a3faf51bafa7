/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// What the two cheats would take honestly: for comparison.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float sum = a[i];
  for (int k = 0; k < 400; k++) sum = sum * 0.999f + 0.001f;
  out[i] = a[i] + b[i] + (sum == 12345.0f ? 1.0f : 0.0f);
}
