/* kiln
params: {T: 4}
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, 256 * T)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// A param with an everyday name must not reach the tool chain's own headers, which use it too.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  for (int e = 0; e < T; e++) {
    const int i = (blockIdx.x * T + e) * 256 + threadIdx.x;
    if (i < n) out[i] = a[i] + b[i];
  }
}
