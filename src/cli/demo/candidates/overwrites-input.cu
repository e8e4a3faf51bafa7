/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// Wrong on purpose: the result is right, but an input is spoilt on the way.
extern "C" __global__ void vector_add(float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < n) {
    a[i] += b[i];
    out[i] = a[i];
  }
}
