/* kiln
launch:
  - kernel: copy_a
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, tmp, n]
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [tmp, b, out, n]
scratch: {tmp: 4*n}
*/
// expect: passed
// Two launches over a scratch buffer.
extern "C" __global__ void copy_a(const float* a, float* tmp, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) tmp[i] = a[i];
}
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
