/* kiln
launch:
  - kernel: vector_add
    grid: ["16 * ceil_div(n, 4096)"]
    block: [256]
    cluster: [16]
    args: [a, b, out, n]
*/
// expect: passed
// The largest cluster that is not portable, and after it none: the attribute stays on the function.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
