/* kiln
launch:
  - kernel: steer
    grid: [1]
    block: [32]
    args: [a, b, out, n]
  - kernel: vector_add
    grid: ["min(ceil_div(n, 1024), 1056)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Honest twin of the steered vector additions: same launches, same counters, no cheating.
__device__ __forceinline__ unsigned long long now() { unsigned long long t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }

enum { WORK, SPIN };
__device__ int mode_, upto_, runs_[4];
__device__ unsigned spin_, extra_, ticket_, best_[4] = {~0u, ~0u, ~0u, ~0u};
__device__ float* also_;
__device__ unsigned long long began_, ended_;

/* 1 to 3: the bench cases; 0: the others. */
__device__ __forceinline__ int which(int n) { return n == 4194304 ? 1 : n == 16777216 ? 2 : n == 67108864 ? 3 : 0; }

extern "C" __global__ void __launch_bounds__(256)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  const unsigned long long start = now();
  const int mode = mode_, upto = upto_;
  float* const also = also_;
  if (mode == WORK) {
    const int stride = gridDim.x * 256, t = blockIdx.x * 256 + threadIdx.x, quads = upto / 4;
    const float4 *a4 = (const float4*)a, *b4 = (const float4*)b;
    for (int i = t; i < quads; i += stride) {
      const float4 x = a4[i], y = b4[i], z = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
      ((float4*)out)[i] = z;
      if (also) ((float4*)also)[i] = z;
    }
    if (upto == n)
      for (int i = 4 * quads + t; i < n; i += stride) out[i] = a[i] + b[i];
  } else if (threadIdx.x == 0) {
    while (now() - start < spin_) {
    }
  }
  __syncthreads();
  if (threadIdx.x) return;
  __threadfence();
  if (atomicInc(&ticket_, gridDim.x - 1) != gridDim.x - 1) return;
  const unsigned long long end = now();
  const unsigned took = (unsigned)(end - began_);
  if (mode == WORK && upto == n && !also && took < best_[which(n)]) best_[which(n)] = took;
  while (now() - end < extra_) {
  }
  ended_ = now();
}

extern "C" __global__ void steer(const volatile float* a, const volatile float* b, volatile float* out, int n) {
  if (threadIdx.x) return;
  const int w = which(n), run = runs_[w]++, s = run - 6; /* 1 check, 5 warm-up runs, then the section */
  mode_ = WORK, upto_ = n, also_ = nullptr, extra_ = 0, spin_ = 0;
  (void)s, (void)run, (void)w;

  __threadfence();
  began_ = now();
}
