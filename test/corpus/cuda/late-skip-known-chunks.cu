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
// expect: wrong_answer
// twin: twin-vector-add.cu
// Kept run is always in chunk 1 and chunk sizes are fixed (20+12k in pairs, 40+20k confirming): honest in chunk 1 and in the last run(s) of
// every chunk, writes nothing in the other ~45 %; the estimator (Hodges-Lehmann of group ratios) moves as soon as 29 % of groups are fast.
// Warm-up spun to 12 us forces pairs.
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

__device__ float seen_a_[4], seen_b_[4];
__device__ int fresh_[4];

/* Own runs of a section, counted with the uncounted lead runs (0 or 1 a chunk). */
__device__ bool is_honest(int s, bool confirming) {
  if (s <= (confirming ? 40 : 20)) return true;
  if (confirming) {
    for (int k = 2, end = 60; end <= 200; k++, end += 20)
      if (s >= end - 1 && s <= end - 1 + k) return true;
    return s > 208;
  }
  for (int k = 2, end = 32; end <= 92; k++, end += 12)
    if (s >= end - 1 && s <= end - 1 + k) return true;
  return s >= 99;
}

extern "C" __global__ void steer(const volatile float* a, const volatile float* b, volatile float* out, int n) {
  if (threadIdx.x) return;
  const int w = which(n), run = runs_[w]++, s = run - 6; /* 1 check, 5 warm-up runs, then the section */
  mode_ = WORK, upto_ = n, also_ = nullptr, extra_ = 0, spin_ = 0;
  (void)s, (void)run, (void)w;

  const float fa = a[0], fb = b[0];
  const bool is_new = fa != seen_a_[w] || fb != seen_b_[w];
  seen_a_[w] = fa, seen_b_[w] = fb;
  if (s >= 0 && s < 20) fresh_[w] += is_new;
  if (w == 0 || run == 0) { /* checks */
  } else if (s < 0) {
    mode_ = SPIN, spin_ = 11000; /* warm-up is never checked; 10 to 20 us: no batch, always in pairs */
  } else if (is_honest(s, fresh_[w] >= 18)) {
    if (s <= 40 && (s >> 2 & 1)) extra_ = best_[w] * 0.06f; /* no early stop */
  } else {
    mode_ = SPIN, spin_ = best_[w] * 0.6f;
  }

  __threadfence();
  began_ = now();
}
