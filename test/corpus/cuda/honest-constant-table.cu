/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Reads the stride of its blocks from constant memory.
__constant__ int spans[4] = {0, 256, 512, 768};
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  for (int k = 0; k < 4; k++) {
    const int i = blockIdx.x * 1024 + spans[k] + threadIdx.x;
    if (i < n) out[i] = a[i] + b[i];
  }
}
