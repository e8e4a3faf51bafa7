/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Loads that leave nothing behind, stores that are not read again.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  unsigned long long policy;
  asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
  const int start = blockIdx.x * 1024;
  for (int i = start + threadIdx.x; i < min(start + 1024, n); i += 256) {
    float left, right;
    asm volatile("ld.global.nc.L1::no_allocate.L2::cache_hint.f32 %0, [%1], %2;" : "=f"(left) : "l"(a + i), "l"(policy));
    asm volatile("ld.global.nc.L1::no_allocate.L2::cache_hint.f32 %0, [%1], %2;" : "=f"(right) : "l"(b + i), "l"(policy));
    __stcs(out + i, left + right);
  }
}
