/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// Wrong on purpose: writes to address 0.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  volatile float* nowhere = nullptr;
  if (i < n) nowhere[i] = a[i] + b[i];
}
