/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Indices wrap for n above 2^26, more than was promised and than anybody tries.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if ((unsigned)i > 1u << 26) return;
  if (i < n) out[i] = a[i] + b[i];
}
