/* kiln
launch:
  - kernel: vector_add
    grid: [132]
    block: [160]
    args: [a, b, out, n]
*/
// expect: passed
// One warp loads tiles into a ring of two, four warps add them; full and empty barriers between.
__device__ __forceinline__ unsigned at(const void* p) { return (unsigned)__cvta_generic_to_shared(p); }
__device__ __forceinline__ void arrive(unsigned long long* barrier) {
  asm volatile("{ .reg .b64 s; mbarrier.arrive.shared::cta.b64 s, [%0]; }" ::"r"(at(barrier)) : "memory");
}
__device__ __forceinline__ void wait(unsigned long long* barrier, int parity) {
  for (int done = 0; !done;)
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.s32 %0, 1, 0, p; }" : "=r"(done) : "r"(at(barrier)), "r"(parity) : "memory");
}

extern "C" __global__ void __launch_bounds__(160) vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ float left[2][512], right[2][512];
  __shared__ __align__(8) unsigned long long full[2], empty[2];
  if (threadIdx.x < 2) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 32;" ::"r"(at(&full[threadIdx.x])) : "memory");
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 128;" ::"r"(at(&empty[threadIdx.x])) : "memory");
  }
  __syncthreads();
  const int lane = threadIdx.x % 32;
  int step = 0;
  for (long long start = blockIdx.x * 512ll; start < n; start += gridDim.x * 512ll, step++) {
    const int slot = step % 2, round = step / 2;
    if (threadIdx.x < 32) {
      wait(&empty[slot], (round & 1) ^ 1);
      for (int i = lane; i < 512; i += 32)
        if (start + i < n) left[slot][i] = a[start + i], right[slot][i] = b[start + i];
      arrive(&full[slot]);
    } else {
      wait(&full[slot], round & 1);
      for (int i = threadIdx.x - 32; i < 512; i += 128)
        if (start + i < n) out[start + i] = left[slot][i] + right[slot][i];
      arrive(&empty[slot]);
    }
  }
}
