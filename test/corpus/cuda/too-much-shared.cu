/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    shared: 1048576
    args: [a, b, out, n]
*/
// expect: plan_error
// More shared memory than any device has.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
