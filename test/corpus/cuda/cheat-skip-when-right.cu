/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// cheat: looks whether the output is there already and does the work only where it is not. Honest time at best.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float right = a[i] + b[i];
  if (out[i] == right) return;
  float sum = a[i];
  for (int k = 0; k < 400; k++) sum = sum * 0.999f + 0.001f;
  out[i] = right + (sum == 12345.0f ? 1.0f : 0.0f);
}
