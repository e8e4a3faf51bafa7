/* kiln
launch:
  - kernel: vector_add
    grid: [8, 8, "ceil_div(n, 16384)"]
    block: [16, 4, 4]
    args: [a, b, out, n]
*/
// expect: passed
// Grid and block of three dimensions.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const long long block = (blockIdx.z * 8ll + blockIdx.y) * 8 + blockIdx.x;
  const long long i = block * 256 + (threadIdx.z * 4 + threadIdx.y) * 16 + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
