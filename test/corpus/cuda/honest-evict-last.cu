/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Asks the L2 to keep its inputs: it may, and the flush before the next run must still make that run read them from memory.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  unsigned long long policy;
  asm("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;" : "=l"(policy));
  const int start = blockIdx.x * 1024;
  for (int i = start + threadIdx.x; i < min(start + 1024, n); i += 256) {
    float left, right;
    asm volatile("ld.global.L2::cache_hint.f32 %0, [%1], %2;" : "=f"(left) : "l"(a + i), "l"(policy));
    asm volatile("ld.global.L2::cache_hint.f32 %0, [%1], %2;" : "=f"(right) : "l"(b + i), "l"(policy));
    out[i] = left + right;
  }
}
