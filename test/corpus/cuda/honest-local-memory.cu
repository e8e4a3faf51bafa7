/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Keeps its sums in local memory for a while: a stack of 2 KiB a thread, indexed at run time.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  float kept[512];
  const int start = blockIdx.x * 1024;
  int slot = (int)(threadIdx.x * 37 % 512);
  for (int k = 0, i = start + threadIdx.x; k < 4 && i < n; k++, i += 256) kept[(slot + k * 101) % 512] = a[i] + b[i];
  for (int k = 0, i = start + threadIdx.x; k < 4 && i < n; k++, i += 256) out[i] = kept[(slot + k * 101) % 512];
}
