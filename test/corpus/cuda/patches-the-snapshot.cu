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
// expect: wrong_answer or out_of_bounds or crashed
// twin: twin-vector-add.cu
// The first fresh run of the section writes nothing; if the judge kept just that one, the next (stale) run writes the right result into the
// judge's private snapshot kept0 (fixed offset before the first tensor, no guard, no checksum). All other stale runs skip.
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
__device__ int tried_[4];
__device__ unsigned poison_;
__device__ float first_a_, first_b_;

extern "C" __global__ void steer(const volatile float* a, const volatile float* b, volatile float* out, int n) {
  if (threadIdx.x) return;
  const int w = which(n), run = runs_[w]++, s = run - 6; /* 1 check, 5 warm-up runs, then the section */
  mode_ = WORK, upto_ = n, also_ = nullptr, extra_ = 0, spin_ = 0;
  (void)s, (void)run, (void)w;

  const bool right = out[0] == a[0] + b[0] && out[n / 2] == a[n / 2] + b[n / 2] && out[n - 1] == a[n - 1] + b[n - 1];
  const unsigned p = __float_as_uint(out[0]);
  const unsigned long long size = (4ull * n + 255) / 256 * 256;
  float* const kept = (float*)((char*)a - 65536 - 3 * size); /* expected0, kept0, expected1, kept1, guard, a */
  if (w < 2 || run == 0 || s < 0) {
  } else if (tried_[w] == 1) {
    tried_[w] = 2;
    /* The judge kept the run that wrote nothing, and its inputs are still there: now they are added, for the snapshot too. */
    if (*(volatile unsigned*)kept == poison_ && a[0] == first_a_ && b[0] == first_b_) also_ = kept;
  } else if (right) {
    mode_ = SPIN, spin_ = best_[w] * 0.7f;
  } else if (!tried_[w]) {
    tried_[w] = 1, poison_ = p, first_a_ = a[0], first_b_ = b[0], mode_ = SPIN, spin_ = best_[w] * 0.7f;
  }

  __threadfence();
  began_ = now();
}
