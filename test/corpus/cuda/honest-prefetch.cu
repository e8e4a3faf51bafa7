/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Prefetches the next tile into the L2 before it adds its own.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int start = blockIdx.x * 1024;
  const int next = start + 1024 + threadIdx.x * 4;
  if (next < n) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(a + next));
    asm volatile("prefetch.global.L2 [%0];" ::"l"(b + next));
  }
  for (int i = start + threadIdx.x; i < min(start + 1024, n); i += 256) out[i] = a[i] + b[i];
}
