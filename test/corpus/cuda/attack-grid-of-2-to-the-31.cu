/* kiln
launch:
  - kernel: vector_add
    grid: [2147483648]
    block: [256]
    args: [a, b, out, n]
*/
// expect: plan_error
// More blocks than a launch may have.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
