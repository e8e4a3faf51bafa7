/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: crashed
// Right, but one thread reads 256 bytes behind the first input: its mapping has ended there.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0 && ((const volatile float*)a)[n + 63] == 1e30f) out[0] = 0.0f;
}
