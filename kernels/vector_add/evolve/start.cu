/* kiln
params: {BLOCK: 32, EACH: 1, VEC: 1, ORDER: 0, LOAD: 0, STORE: 0, BLOCKS: 1048576}
space:
  BLOCK: [32, 64, 128, 256, 512, 1024]
  EACH: [1, 2, 4, 8]
  VEC: [1, 2, 4]
  ORDER: [0, 1]
  LOAD: [0, 1, 2]
  STORE: [0, 1]
  BLOCKS: [132, 264, 528, 1056, 1048576]
launch:
  - kernel: vector_add
    # At most BLOCKS blocks, each of which takes one stretch of BLOCK * EACH accesses after another.
    grid: ["min(BLOCKS, ceil_div(n, BLOCK * EACH * VEC))"]
    block: [BLOCK]
    args: [a, b, out, n]
*/
// A place to start a search from: as it stands each thread adds one element. The params lead elsewhere: VEC widens accesses, EACH puts that many
// of a thread on their way before the first is used, neighbours reading neighbours (ORDER 1) or each thread a stretch of its own (ORDER 0); LOAD and
// STORE are hints to the caches, BLOCKS makes blocks stay and take the next stretch.
static_assert(BLOCK % 32 == 0 && BLOCK <= 1024, "BLOCK is a multiple of a warp, at most 1024");

#if VEC == 4
typedef float4 Word;
#elif VEC == 2
typedef float2 Word;
#else
typedef float Word;
#endif

// kiln: region access
__device__ Word load(const Word* at) {
#if LOAD == 0
  return *at;
#elif LOAD == 1
  return __ldg(at);
#else
  return __ldcs(at);
#endif
}

__device__ void store(Word* at, Word value) {
#if STORE == 0
  *at = value;
#else
  __stcs(at, value);
#endif
}
// kiln: end access

// kiln: region sum
__device__ Word sum(Word x, Word y) {
#if VEC == 4
  return make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
#elif VEC == 2
  return make_float2(x.x + y.x, x.y + y.y);
#else
  return x + y;
#endif
}
// kiln: end sum

extern "C" __global__ void __launch_bounds__(BLOCK)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  const Word *a_words = reinterpret_cast<const Word*>(a), *b_words = reinterpret_cast<const Word*>(b);
  Word* out_words = reinterpret_cast<Word*>(out);
  const int words = n / VEC;
  for (int first = blockIdx.x * BLOCK * EACH; first < words; first += gridDim.x * BLOCK * EACH) {
    Word x[EACH], y[EACH];
#pragma unroll
    for (int e = 0; e < EACH; e++) {
      const int i = first + (ORDER ? e * BLOCK + threadIdx.x : threadIdx.x * EACH + e);
      if (i < words) {
        x[e] = load(a_words + i);
        y[e] = load(b_words + i);
      }
    }
#pragma unroll
    for (int e = 0; e < EACH; e++) {
      const int i = first + (ORDER ? e * BLOCK + threadIdx.x : threadIdx.x * EACH + e);
      if (i < words) store(out_words + i, sum(x[e], y[e]));
    }
  }
  const int tail = words * VEC + threadIdx.x;
  if (blockIdx.x == 0 && tail < n) out[tail] = a[tail] + b[tail];
}
