/* kiln
launch:
  - kernel: vector_add
    grid: [2*ceil_div(n, 512)]
    block: [256]
    cluster: [2]
    args: [a, b, out, n]
*/
// expect: passed
// Launched in clusters of two blocks (sm_90 and later).
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
