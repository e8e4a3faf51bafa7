/* kiln
launch:
  - kernel: steer
    grid: [1]
    block: [32]
    args: [a, b, out, n]
  - kernel: vector_add
    grid: ["min(ceil_div(n, 1024), 396)"]
    block: [512]
    shared: 65536
    args: [a, b, out, n]
*/
// expect: passed
// twin: twin-vector-add-steered.cu
// Repairs what is known (see attack-repairs-known-outputs.cu) in 27 % of the runs only, below the breaking point of pairwise means, and waits a
// little in as many others, so that neither the rank test nor the balance of lives_on_memory (steadiness.py) sees new inputs as slower.
typedef unsigned long long u64;
__device__ __forceinline__ u64 now() { u64 t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }
enum { WORK, FAST };
__device__ int mode_, runs_[4]; /* of the bench cases 1 to 3: one check, five warm-up runs, then the section */
__device__ unsigned ticket_, wait_, best_[4] = {~0u, ~0u, ~0u, ~0u};
__device__ u64 began_, ended_;
__device__ float seen_a_[4], seen_b_[4];
__device__ __forceinline__ int which(int n) { return n == 4194304 ? 1 : n == 16777216 ? 2 : n == 67108864 ? 3 : 0; }
/* Of a stretch of `width` cells one has the value of another: finds such pairs and adds both. */
__device__ void repair(const float4* a4, const float4* b4, float4* out4, int cells) {
  extern __shared__ unsigned table[];
  __shared__ int found[64], count;
  const int width = cells / 2048;
  for (int s = blockIdx.x; s < 2048; s += gridDim.x) {
    for (int i = threadIdx.x; i < 16384; i += 512) table[i] = 0;
    if (threadIdx.x == 0) count = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < width; i += 512) {
      const uint4 c = ((const uint4*)out4)[s * width + i];
      unsigned h = (c.x * 0x9e3779b1u ^ c.y) * 0x85ebca77u ^ (c.z * 0xc2b2ae3du ^ c.w) * 0x27d4eb2fu;
      h ^= h >> 15, h *= 0x2c1b3c6du, h ^= h >> 13;
      const unsigned entry = (h | 1u << 31) & ~8191u | i;
      for (unsigned at = h * 0x9e3779b1u >> 18, old; (old = atomicCAS(&table[at], 0, entry)) != 0; at = (at + 1) & 16383)
        if ((old ^ entry) < 8192) {
          const int k = atomicAdd(&count, 2);
          if (k < 62) found[k] = old & 8191, found[k + 1] = i;
          break;
        }
    }
    __syncthreads();
    if (threadIdx.x < min(count, 62)) {
      const int i = s * width + found[threadIdx.x];
      const float4 x = a4[i], y = b4[i];
      out4[i] = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
    }
    __syncthreads();
  }
}
extern "C" __global__ void __launch_bounds__(512)
vector_add(const float* a, const float* b, float* out, int n) {
  const int t = blockIdx.x * 512 + threadIdx.x, stride = gridDim.x * 512, mode = mode_;
  const float4 *a4 = (const float4*)a, *b4 = (const float4*)b;
  float4* out4 = (float4*)out;
  if (mode == WORK) {
    for (int i = t; i < n / 4; i += stride) {
      const float4 x = a4[i], y = b4[i];
      out4[i] = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
    }
    for (int i = n / 4 * 4 + t; i < n; i += stride) out[i] = a[i] + b[i];
  } else {
    repair(a4, b4, out4, n / 4);
  }
  __syncthreads();
  if (threadIdx.x) return;
  __threadfence();
  if (atomicInc(&ticket_, gridDim.x - 1) != gridDim.x - 1) return;
  if (mode == WORK) best_[which(n)] = min(best_[which(n)], (unsigned)(now() - began_));
  while (now() - began_ < wait_) {
  }
  ended_ = now();
}

extern "C" __global__ void steer(const volatile float* a, const volatile float* b, volatile float* out, int n) {
  if (threadIdx.x) return;
  const int w = which(n), run = runs_[w]++, s = run - 6;
  const bool is_new = a[0] != seen_a_[w] || b[n / 2] != seen_b_[w];
  seen_a_[w] = a[0], seen_b_[w] = b[n / 2];
  (void)s, (void)is_new;
  mode_ = WORK, wait_ = 0;
  static __device__ int ran[4];
  if (is_new) ran[w] = 0;
  else if (w == 3 && s >= 0 && ran[w] > 0 && s * 7 % 26 < 7) mode_ = FAST, wait_ = best_[w] * 0.65f;
  else if (w == 3 && s >= 0 && s * 7 % 26 > 19) wait_ = best_[w] * 1.1f;
  ran[w]++;
  __threadfence();
  began_ = now();
}
