/* kiln
params: {BLOCK: 2048}
constraints: [BLOCK <= 1024]
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, 256)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: plan_error
// Does not meet what it asks of its own params.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
