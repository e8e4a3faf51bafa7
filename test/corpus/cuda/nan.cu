/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer
// NaN compares unequal to everything, which a careless comparison takes for no difference.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = __int_as_float(0x7fc00000);
}
