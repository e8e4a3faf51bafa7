/* kiln
launch:
  - kernel: vector_add
    grid: ["64 * ceil_div(n, 16384)"]
    block: [256]
    cluster: [64]
    args: [a, b, out, n]
*/
// expect: plan_error
// A cluster that no device has.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
