/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, used, n]
scratch: {used: 4096}
*/
// expect: passed
// Counts its blocks by multiprocessor, as kernels do that place work by it.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, unsigned* used, int n) {
  unsigned sm;
  asm volatile("mov.u32 %0, %smid;" : "=r"(sm));
  if (threadIdx.x == 0) atomicAdd(&used[sm % 1024], 1u);
  const int start = blockIdx.x * 1024;
  for (int i = start + threadIdx.x; i < min(start + 1024, n); i += 256) out[i] = a[i] + b[i];
}
