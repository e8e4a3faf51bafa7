/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: crashed or out_of_bounds
// Reads 512 MiB behind an input, where a neighbour would lie if mappings were side by side.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i == 0 && ((const volatile float*)a)[(1ull << 27)] == 1.0f) out[0] = 1;
  if (i < n) out[i] = a[i] + b[i];
}
