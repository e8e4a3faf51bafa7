/* kiln
params: {BLOCK: 32, FIT: 1, ROWS: 1, LOOP: 1, VEC: 1, ORDER: 0, CACHE: 0, WEIGHT: 0, AHEAD: 0, STAGE: 0, REDUCE: 0, LOAD: 0, STORE: 0, UNROLL: 1, OCC: 1}
space:
  BLOCK: [32, 64, 128, 256, 512, 1024]
  FIT: [1, 2, 4, 8, 16]
  ROWS: [1, 2, 4, 8]
  LOOP: [1, 2, 4, 8, 16]
  VEC: [1, 2, 4, 8]
  ORDER: [0, 1]
  CACHE: [0, 1, 2, 3, 4, 6, 8]
  WEIGHT: [0, 1, 2]
  AHEAD: [0, 1]
  STAGE: [0, 16, 32, 64]
  REDUCE: [0, 1]
  LOAD: [0, 1, 2]
  STORE: [0, 1]
  UNROLL: [1, 2, 4, 8]
  OCC: [1, 2, 3, 4, 8]
launch:
  - kernel: rmsnorm
    # ROWS rows at once and LOOP times over in a block; FIT accesses a thread, up to BLOCK threads a row.
    grid: [ceil_div(rows, ROWS * LOOP)]
    block: ["max(32, min(BLOCK, next_pow2(ceil_div(cols, VEC * FIT))))", ROWS]
    shared: STAGE * 1024
    args: [x, weight, out, rows, cols, eps]
*/
// A place to start a search from: as it stands one warp walks each row twice, each lane through columns of its own. The params lead
// elsewhere: ORDER 1 lets neighbours read neighbours, VEC widens accesses, CACHE keeps that many accesses of a thread in
// registers and STAGE so many KiB in shared memory, so that a row is read once; LOOP rows follow each other in a block, AHEAD asks for the
// next one's values before this one's sum is known; WEIGHT takes the weight late, early, or once for all rows; REDUCE 1 exchanges by
// shuffles; LOAD and STORE are hints to the caches, OCC the blocks an SM must hold.
#include <cuda_bf16.h>
static_assert(BLOCK * ROWS <= 1024, "BLOCK * ROWS is at most 1024 threads");
static_assert(OCC * BLOCK * ROWS <= 2048, "OCC blocks hold at most the 2048 threads of an SM");
static_assert(OCC * (STAGE + 9) <= 227, "OCC blocks share an SM's shared memory");
static_assert(AHEAD == 0 || CACHE > 0, "AHEAD asks for values that registers keep: it needs CACHE");

/** bf16 values as they are in memory. */
struct __align__(2 * VEC) Packed {
  unsigned short v[VEC];
};

// kiln: region access
#if VEC == 8
typedef uint4 Word;
#elif VEC == 4
typedef uint2 Word;
#elif VEC == 2
typedef unsigned Word;
#else
typedef unsigned short Word;
#endif

__device__ Packed load(const unsigned short* x, int c, int end, bool aligned) {
  Packed got;
  if (!aligned) {
#pragma unroll
    for (int i = 0; i < VEC; i++) got.v[i] = c + i < end ? x[c + i] : 0;
    return got;
  }
  const Word* word = reinterpret_cast<const Word*>(x + c);
#if LOAD == 0
  *reinterpret_cast<Word*>(&got) = *word;
#elif LOAD == 1
  *reinterpret_cast<Word*>(&got) = __ldg(word);
#else
  *reinterpret_cast<Word*>(&got) = __ldcs(word);
#endif
  return got;
}

/** The weight is the same for all rows and lives in the caches: no hint. */
__device__ Packed load_weight(const unsigned short* weight, int c, int end, bool aligned) {
  Packed got;
  if (aligned) {
    *reinterpret_cast<Word*>(&got) = *reinterpret_cast<const Word*>(weight + c);
    return got;
  }
#pragma unroll
  for (int i = 0; i < VEC; i++) got.v[i] = c + i < end ? weight[c + i] : 0;
  return got;
}

__device__ void store(unsigned short* out, int c, int end, bool aligned, Packed value) {
  if (!aligned) {
#pragma unroll
    for (int i = 0; i < VEC; i++) {
      if (c + i < end) out[c + i] = value.v[i];
    }
    return;
  }
  Word* word = reinterpret_cast<Word*>(out + c);
#if STORE == 0
  *word = *reinterpret_cast<const Word*>(&value);
#else
  __stcs(word, *reinterpret_cast<const Word*>(&value));
#endif
}
// kiln: end access

// kiln: region arithmetic
/** bf16 is the upper half of an f32. */
__device__ float widened(unsigned short half) { return __uint_as_float((unsigned)half << 16); }

__device__ float squares_of(Packed value) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < VEC; i++) sum += widened(value.v[i]) * widened(value.v[i]);
  return sum;
}

__device__ Packed normalised(Packed value, Packed weight, float scale) {
#if VEC == 1
  value.v[0] = __bfloat16_as_ushort(__float2bfloat16(widened(value.v[0]) * scale * widened(weight.v[0])));
#else
#pragma unroll
  for (int i = 0; i < VEC; i += 2) {
    const float low = widened(value.v[i]) * scale * widened(weight.v[i]), high = widened(value.v[i + 1]) * scale * widened(weight.v[i + 1]);
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    value.v[i] = __bfloat16_as_ushort(pair.x);
    value.v[i + 1] = __bfloat16_as_ushort(pair.y);
  }
#endif
  return value;
}
// kiln: end arithmetic

// kiln: region exchange
__device__ float sum_warp(float value) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(~0u, value, lanes);
  return value;
}

/** Over the threads of a row. `partial` has a float for each of them; the next call must use another. */
__device__ float sum_row(float value, float* partial) {
  const int threads = blockDim.x, t = threadIdx.x;
#if REDUCE == 0
  partial[t] = value;
  __syncthreads();
  for (int half = threads / 2; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  return partial[0];
#else
  value = sum_warp(value);
  if (threads == 32) return value;
  if (t % 32 == 0) partial[t / 32] = value;
  __syncthreads();
  return sum_warp(t % 32 < threads / 32 ? partial[t % 32] : 0);
#endif
}
// kiln: end exchange

constexpr int HELD = CACHE > 0 ? CACHE : 1, TIMES = UNROLL;

/** Where a thread's accesses of a row are. */
struct Columns {
  int first, step, each, end;
  bool aligned;

  __device__ Columns(int cols) : end(cols), aligned(cols % VEC == 0) {
    const int threads = blockDim.x, t = threadIdx.x;
    each = ((cols + VEC - 1) / VEC + threads - 1) / threads;
    first = (ORDER == 1 ? t : t * each) * VEC;
    step = (ORDER == 1 ? threads : 1) * VEC;
  }
  __device__ int at(int j) const { return first + j * step; }
  __device__ bool has(int j) const { return j < each && at(j) < end; }
};

/** What registers keep of a row; zeros where there is no row. */
__device__ void load_kept(Packed (&v)[HELD], const unsigned short* x, bool exists, const Columns& columns) {
#pragma unroll
  for (int j = 0; j < CACHE; j++) {
    if (exists && columns.has(j)) {
      v[j] = load(x, columns.at(j), columns.end, columns.aligned);
    } else {
#pragma unroll
      for (int i = 0; i < VEC; i++) v[j].v[i] = 0;
    }
  }
}

extern "C" __global__ void __launch_bounds__(BLOCK* ROWS, OCC)
rmsnorm(const unsigned short* __restrict__ x, const unsigned short* __restrict__ weight, unsigned short* __restrict__ out, int rows, int cols, float eps) {
  extern __shared__ __align__(16) unsigned char stage[];
  __shared__ float partial[2][ROWS][REDUCE == 0 ? BLOCK : 32];
  const Columns columns(cols);
  const int threads = blockDim.x, group = threadIdx.y;
  constexpr int ROOM = STAGE * 512 / (VEC * ROWS);  // accesses that shared memory holds of a row
  const int staged = min(columns.each, CACHE + ROOM / threads);
  Packed* kept = reinterpret_cast<Packed*>(stage) + group * ROOM + threadIdx.x;
  const int row0 = blockIdx.x * ROWS * LOOP + group;

  Packed v[HELD], next[HELD], w[HELD];
  if (WEIGHT == 2) load_kept(w, weight, true, columns);
  if (AHEAD == 1) load_kept(next, x + (size_t)row0 * cols, row0 < rows, columns);
#pragma unroll 1
  for (int round = 0; round < LOOP; round++) {
    const int row = row0 + round * ROWS;
    const bool exists = row < rows;
    const unsigned short* from = x + (size_t)row * cols;
    unsigned short* to = out + (size_t)row * cols;
    if (AHEAD == 1) {
#pragma unroll
      for (int j = 0; j < CACHE; j++) v[j] = next[j];
      if (round + 1 < LOOP) load_kept(next, from + (size_t)ROWS * cols, row + ROWS < rows, columns);
    } else {
      load_kept(v, from, exists, columns);
    }
    if (WEIGHT == 1) load_kept(w, weight, true, columns);
    float squares = 0;
#pragma unroll
    for (int j = 0; j < CACHE; j++) squares += squares_of(v[j]);
    const int last = exists ? columns.each : 0;
#pragma unroll TIMES
    for (int j = CACHE; j < last; j++) {
      if (!columns.has(j)) break;
      const Packed value = load(from, columns.at(j), cols, columns.aligned);
      if (STAGE > 0 && j < staged) kept[(j - CACHE) * threads] = value;
      squares += squares_of(value);
    }
    const float scale = rsqrtf(sum_row(squares, partial[round % 2][group]) / cols + eps);

#pragma unroll
    for (int j = 0; j < CACHE; j++) {
      if (!exists || !columns.has(j)) continue;
      if (WEIGHT == 0) w[j] = load_weight(weight, columns.at(j), cols, columns.aligned);
      store(to, columns.at(j), cols, columns.aligned, normalised(v[j], w[j], scale));
    }
#pragma unroll TIMES
    for (int j = CACHE; j < last; j++) {
      if (!columns.has(j)) break;
      const int c = columns.at(j);
      const Packed value = STAGE > 0 && j < staged ? kept[(j - CACHE) * threads] : load(from, c, cols, columns.aligned);
      store(to, c, cols, columns.aligned, normalised(value, load_weight(weight, c, cols, columns.aligned), scale));
    }
  }
}
