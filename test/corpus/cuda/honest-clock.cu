/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Measures itself with the clock and the global timer, and does nothing with it.
__device__ unsigned long long longest;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  unsigned long long began, ended;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(began));
  const int start = blockIdx.x * 1024;
  for (int i = start + threadIdx.x; i < min(start + 1024, n); i += 256) out[i] = a[i] + b[i];
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(ended));
  if (threadIdx.x == 0) atomicMax(&longest, ended - began);
}
