/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 8192)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Keeps 2 KiB a thread in local memory, more than a context begins with.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  float kept[512];
  int first = blockIdx.x * 8192 + threadIdx.x;
  for (int k = 0; k < 32; k++) {
    int i = first + 256 * k, slot = (i * 7 + n) & 511;
    kept[slot] = i < n ? a[i] : 0.0f;
    kept[slot ^ 1] = -1.0f;
    if (i < n) out[i] = kept[slot] + b[i];
  }
}
