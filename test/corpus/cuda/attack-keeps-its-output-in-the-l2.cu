/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// twin: honest-float4.cu
// Stores with evict_last: what the 4M case writes stays in the L2, and is overwritten there by the poison and the next run; it never goes to
// memory, and the flush (a memset of dirty lines) finds less room, so that fewer of its lines are written back in the run's own time.
extern "C" __global__ void __launch_bounds__(256) vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  unsigned long long policy;
  asm volatile("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;" : "=l"(policy));
  if (4 * i + 3 < n) {
    const float4 x = __ldcs((const float4*)a + i), y = __ldcs((const float4*)b + i);
    asm volatile("st.global.L2::cache_hint.v4.f32 [%0], {%1, %2, %3, %4}, %5;" ::"l"((float4*)out + i), "f"(x.x + y.x), "f"(x.y + y.y), "f"(x.z + y.z), "f"(x.w + y.w), "l"(policy) : "memory");
  } else {
    for (int k = 4 * i; k < n; k++) out[k] = a[k] + b[k];
  }
}
