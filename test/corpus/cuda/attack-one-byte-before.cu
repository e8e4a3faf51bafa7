/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: out_of_bounds
// Changes one byte in front of `out` where its room begins before it (n is odd): a guard.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0 && n == 1000003) ((unsigned char*)out)[-1] ^= 1;
}
