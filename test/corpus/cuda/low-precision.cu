/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Adds in half precision: close, but not within the tolerance.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float x = __int_as_float(__float_as_int(a[i]) & 0xffffe000), y = __int_as_float(__float_as_int(b[i]) & 0xffffe000);
    out[i] = x + y;
  }
}
