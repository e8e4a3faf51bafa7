/* kiln
params: {BLOCK: 32, FIT: 1, ROWS: 1, VEC: 1, ORDER: 0, CACHE: 0, STAGE: 0, CLUSTER: 1, CHUNK: 16384, ONLINE: 0, REDUCE: 0, EXP: 0, DIVIDE: 0, LOAD: 0, STORE: 0, UNROLL: 1, OCC: 1}
space:
  BLOCK: [32, 64, 128, 256, 512, 1024]
  FIT: [1, 2, 4, 8, 16]
  ROWS: [1, 2, 4, 8]
  VEC: [1, 2, 4]
  ORDER: [0, 1]
  CACHE: [0, 1, 2, 4, 6, 8, 12, 16]
  STAGE: [0, 16, 32, 64, 96, 128]
  CLUSTER: [1, 2, 4, 8]
  CHUNK: [2048, 4096, 8192, 16384, 32768]
  ONLINE: [0, 1]
  REDUCE: [0, 1]
  EXP: [0, 1, 2]
  DIVIDE: [0, 1]
  LOAD: [0, 1, 2]
  STORE: [0, 1]
  UNROLL: [1, 2, 4, 8]
  OCC: [1, 2, 3, 4, 8]
launch:
  - kernel: softmax
    # ROWS rows a block, or a cluster of up to CLUSTER blocks of at least CHUNK columns each; FIT accesses a thread, up to BLOCK threads a row.
    grid: ["ceil_div(rows, ROWS) * min(CLUSTER, next_pow2(ceil_div(cols, CHUNK)))"]
    cluster: ["min(CLUSTER, next_pow2(ceil_div(cols, CHUNK)))"]
    block: ["max(32, min(BLOCK, next_pow2(ceil_div(cols, min(CLUSTER, next_pow2(ceil_div(cols, CHUNK))) * VEC * FIT))))", ROWS]
    shared: STAGE * 1024
    args: [x, out, rows, cols]
*/
// A place to start a search from: as it stands one warp walks each row three times, each lane through columns of its own. The params lead
// elsewhere: ORDER 1 lets neighbours read neighbours, VEC widens accesses, CACHE keeps that many accesses of a thread in
// registers and STAGE so many KiB in shared memory, so that a row is read once; ONLINE takes maximum and sum of the rest in one pass;
// REDUCE 1 exchanges by shuffles, EXP takes cheaper exponentials, LOAD and STORE the caches' hints, OCC the blocks an SM must hold.
static_assert(BLOCK * ROWS <= 1024, "BLOCK * ROWS is at most 1024 threads");
static_assert(OCC * BLOCK * ROWS <= 2048, "OCC blocks hold at most the 2048 threads of an SM");
static_assert(OCC * (STAGE + 9) <= 227, "OCC blocks share an SM's shared memory");
static_assert(CACHE * VEC <= 64, "CACHE * VEC values are a thread's registers");

constexpr float LOWEST = -3.4028235e38f;
constexpr int TIMES = UNROLL;

struct Values {
  float v[VEC];
};

// kiln: region exchange
struct Max {
  static constexpr float ZERO = LOWEST;
  static __device__ float apply(float a, float b) { return fmaxf(a, b); }
};
struct Sum {
  static constexpr float ZERO = 0;
  static __device__ float apply(float a, float b) { return a + b; }
};

__device__ unsigned cluster_rank() {
  unsigned rank = 0;
  if (CLUSTER > 1) asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

__device__ unsigned cluster_size() {
  unsigned size = 1;
  if (CLUSTER > 1) asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}

__device__ void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

/** The float that block `rank` of the cluster keeps at the address of our `local`. */
__device__ float read_remote(const float* local, unsigned rank) {
  unsigned remote;
  float value;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"((unsigned)__cvta_generic_to_shared(local)), "r"(rank));
  asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(value) : "r"(remote) : "memory");
  return value;
}

template <class Operation>
__device__ float reduce_warp(float value) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value = Operation::apply(value, __shfl_xor_sync(~0u, value, lanes));
  return value;
}

/** Over the threads of a row. `partial` has a float for each of them and is used by this call only. */
template <class Operation>
__device__ float reduce_row(float value, float* partial) {
  const int threads = blockDim.x, t = threadIdx.x;
#if REDUCE == 0
  partial[t] = value;
  __syncthreads();
  for (int half = threads / 2; half > 0; half /= 2) {
    if (t < half) partial[t] = Operation::apply(partial[t], partial[t + half]);
    __syncthreads();
  }
  return partial[0];
#else
  value = reduce_warp<Operation>(value);
  if (threads == 32) return value;
  if (t % 32 == 0) partial[t / 32] = value;
  __syncthreads();
  return reduce_warp<Operation>(t % 32 < threads / 32 ? partial[t % 32] : Operation::ZERO);
#endif
}

/** Over a row, which may be a cluster's. `shared` is used by this call only. */
template <class Operation>
__device__ float reduce(float value, float* partial, float* shared) {
  value = reduce_row<Operation>(value, partial);
  const unsigned size = cluster_size();
  if (CLUSTER > 1 && size > 1) {
    if (threadIdx.x == 0) *shared = value;
    cluster_sync();
    value = Operation::ZERO;
    for (unsigned rank = 0; rank < size; rank++) value = Operation::apply(value, read_remote(shared, rank));
  }
  return value;
}
// kiln: end exchange

// kiln: region access
template <class Word>
__device__ Word load_word(const float* from) {
  const Word* word = reinterpret_cast<const Word*>(from);
#if LOAD == 0
  return *word;
#elif LOAD == 1
  return __ldg(word);
#else
  return __ldcs(word);
#endif
}

template <class Word>
__device__ void store_word(float* to, Word value) {
#if STORE == 0
  *reinterpret_cast<Word*>(to) = value;
#else
  __stcs(reinterpret_cast<Word*>(to), value);
#endif
}

/** VEC values from column `c`; beyond `end` the lowest float, which changes neither maximum nor sum. */
__device__ Values load(const float* x, int c, int end, bool aligned) {
  Values got;
  if (!aligned) {
#pragma unroll
    for (int i = 0; i < VEC; i++) got.v[i] = c + i < end ? x[c + i] : LOWEST;
    return got;
  }
#if VEC == 4
  const float4 word = load_word<float4>(x + c);
  got.v[0] = word.x, got.v[1] = word.y, got.v[2] = word.z, got.v[3] = word.w;
#elif VEC == 2
  const float2 word = load_word<float2>(x + c);
  got.v[0] = word.x, got.v[1] = word.y;
#else
  got.v[0] = load_word<float>(x + c);
#endif
  return got;
}

__device__ void store(float* out, int c, int end, bool aligned, Values value) {
  if (!aligned) {
#pragma unroll
    for (int i = 0; i < VEC; i++) {
      if (c + i < end) out[c + i] = value.v[i];
    }
    return;
  }
#if VEC == 4
  store_word(out + c, make_float4(value.v[0], value.v[1], value.v[2], value.v[3]));
#elif VEC == 2
  store_word(out + c, make_float2(value.v[0], value.v[1]));
#else
  store_word(out + c, value.v[0]);
#endif
}
// kiln: end access

// kiln: region arithmetic
/** e^(x - largest). */
__device__ float exponential(float x, float largest) {
#if EXP == 0
  return expf(x - largest);
#elif EXP == 1
  return __expf(x - largest);
#else
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"((x - largest) * 1.44269504f));
  return result;
#endif
}

__device__ float largest_of(Values value) {
  float largest = value.v[0];
#pragma unroll
  for (int i = 1; i < VEC; i++) largest = fmaxf(largest, value.v[i]);
  return largest;
}

__device__ float sum_of(Values value) {
  float sum = value.v[0];
#pragma unroll
  for (int i = 1; i < VEC; i++) sum += value.v[i];
  return sum;
}

__device__ Values exponentials(Values value, float largest) {
#pragma unroll
  for (int i = 0; i < VEC; i++) value.v[i] = exponential(value.v[i], largest);
  return value;
}

__device__ Values divided(Values value, float sum) {
#if DIVIDE == 1
  const float scale = 1 / sum;
#endif
#pragma unroll
  for (int i = 0; i < VEC; i++) {
#if DIVIDE == 1
    value.v[i] *= scale;
#else
    value.v[i] /= sum;
#endif
  }
  return value;
}
// kiln: end arithmetic

extern "C" __global__ void __launch_bounds__(BLOCK* ROWS, OCC) softmax(const float* __restrict__ x, float* __restrict__ out, int rows, int cols) {
  extern __shared__ __align__(16) float stage[];
  __shared__ float partial[2][ROWS][REDUCE == 0 ? BLOCK : 32], shared[2][ROWS];
  const unsigned size = cluster_size(), rank = cluster_rank();
  const int t = threadIdx.x, threads = blockDim.x, group = threadIdx.y;
  const int row = blockIdx.x / size * ROWS + group;
  x += (size_t)row * cols;
  out += (size_t)row * cols;
  const bool aligned = cols % VEC == 0;
  // Our share of the row: a multiple of 4 columns, so that it stays aligned. A row that is none has none.
  const int share = (cols + 4 * size - 1) / (4 * size) * 4;
  const int begin = min(cols, (int)rank * share), end = row < rows ? min(cols, begin + share) : begin;
  const int accesses = (end - begin + VEC - 1) / VEC, each = (accesses + threads - 1) / threads;
  const int first = begin + (ORDER == 1 ? t : t * each) * VEC, step = (ORDER == 1 ? threads : 1) * VEC;
  // Of the others in this order: those that shared memory holds.
  const int staged = min(each, CACHE + STAGE * 256 / (VEC * ROWS) / threads);
  Values* kept = reinterpret_cast<Values*>(stage) + (size_t)group * (STAGE * 256 / (VEC * ROWS)) + t;

  Values v[CACHE > 0 ? CACHE : 1];
  float largest = LOWEST, sum = 0;
#pragma unroll
  for (int j = 0; j < CACHE; j++) {
    const int c = first + j * step;
    if (j < each && c < end) {
      v[j] = load(x, c, end, aligned);
    } else {
#pragma unroll
      for (int i = 0; i < VEC; i++) v[j].v[i] = LOWEST;
    }
  }
#pragma unroll TIMES
  for (int j = CACHE; j < each; j++) {
    const int c = first + j * step;
    if (c >= end) break;
    const Values w = load(x, c, end, aligned);
    if (STAGE > 0 && j < staged) kept[(j - CACHE) * threads] = w;
    const float larger = fmaxf(largest, largest_of(w));
    if (ONLINE == 1) sum = sum * exponential(largest, larger) + sum_of(exponentials(w, larger));
    largest = larger;
  }
  const float largest_rest = largest;
#pragma unroll
  for (int j = 0; j < CACHE; j++) largest = fmaxf(largest, largest_of(v[j]));
  largest = reduce<Max>(largest, partial[0][group], &shared[0][group]);

  if (ONLINE == 1) sum *= exponential(largest_rest, largest);
#pragma unroll
  for (int j = 0; j < CACHE; j++) {
    v[j] = exponentials(v[j], largest);
    sum += sum_of(v[j]);
  }
#if ONLINE == 0
#pragma unroll TIMES
  for (int j = CACHE; j < each; j++) {
    const int c = first + j * step;
    if (c >= end) break;
    const bool here = STAGE > 0 && j < staged;
    const Values w = exponentials(here ? kept[(j - CACHE) * threads] : load(x, c, end, aligned), largest);
    if (here) kept[(j - CACHE) * threads] = w;
    sum += sum_of(w);
  }
#endif
  sum = reduce<Sum>(sum, partial[1][group], &shared[1][group]);

#pragma unroll
  for (int j = 0; j < CACHE; j++) {
    const int c = first + j * step;
    if (j < each && c < end) store(out, c, end, aligned, divided(v[j], sum));
  }
#pragma unroll TIMES
  for (int j = CACHE; j < each; j++) {
    const int c = first + j * step;
    if (c >= end) break;
    const bool here = STAGE > 0 && j < staged;
    Values w = here ? kept[(j - CACHE) * threads] : load(x, c, end, aligned);
    if (ONLINE == 1 || !here) w = exponentials(w, largest);
    store(out, c, end, aligned, divided(w, sum));
  }
  // No block may end while another still reads its shared memory.
  if (CLUSTER > 1 && size > 1) cluster_sync();
}
