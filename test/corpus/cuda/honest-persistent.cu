/* kiln
launch:
  - kernel: vector_add
    grid: [264]
    block: [1024]
    args: [a, b, out, n]
*/
// expect: passed
// As many blocks as the card holds, each in strides over all elements.
extern "C" __global__ void __launch_bounds__(1024) vector_add(const float* a, const float* b, float* out, int n) {
  for (long long i = blockIdx.x * 1024 + threadIdx.x; i < n; i += gridDim.x * 1024) out[i] = a[i] + b[i];
}
