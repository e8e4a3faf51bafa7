/* kiln
params: {AHEAD: 4, SHARE: 512, WARPS: 4}
space: {AHEAD: [1, 2, 4, 8], SHARE: [256, 512, 1024, 2048], WARPS: [1, 2, 4, 8, 16]}
let:
  # A warp for every SHARE columns, at most WARPS of them a block, at most 32 blocks a row.
  warps: "min(WARPS, ceil_div(cols, SHARE))"
  splits: "min(32, ceil_div(cols, SHARE * warps))"
launch:
  - kernel: best
    when: splits == 1
    grid: [1, rows]
    block: [32 * warps]
    args: [x, values, indices, cols, k, k]
  - kernel: best
    when: splits > 1
    grid: [splits, rows]
    block: [32 * warps]
    # What a list holds.
    args: [x, part_values, part_columns, cols, k, 64]
  - kernel: merge
    when: splits > 1
    grid: [rows]
    block: [32]
    args: [part_values, part_columns, values, indices, splits, k]
scratch: {part_values: 256 * splits * rows, part_columns: 256 * splits * rows}
*/
// As 1-lists, and long rows are divided among blocks, so that few of them fill the device too: each leaves its 64 largest, which a second launch puts together. Short rows
// need no second launch.
static_assert(AHEAD >= 1 && AHEAD <= 16 && SHARE >= 32 && WARPS >= 1 && WARPS <= 16, "AHEAD is 1 to 16, SHARE 32 or more, WARPS 1 to 16");
#define LOWEST __int_as_float(0xFF800000)  // minus infinity

/** The 64 largest that a warp has seen, in order: a lane has those of ranks `lane` and `lane + 32`. What is not larger than the k-th is not let in. */
struct List {
  float upper, lower, limit;
  int upper_column, lower_column, k;

  __device__ List(int k) : upper(LOWEST), lower(LOWEST), limit(LOWEST), upper_column(-1), lower_column(-1), k(k) {}

  /** v is the same for the whole warp, and larger than the limit. */
  __device__ void insert(float v, int c) {
    const int lane = threadIdx.x % 32;
    const int rank = __popc(__ballot_sync(~0u, upper >= v)) + __popc(__ballot_sync(~0u, lower >= v));
    const float upper_before = __shfl_up_sync(~0u, upper, 1), lower_before = __shfl_up_sync(~0u, lower, 1), last = __shfl_sync(~0u, upper, 31);
    const int upper_column_before = __shfl_up_sync(~0u, upper_column, 1), lower_column_before = __shfl_up_sync(~0u, lower_column, 1);
    const int last_column = __shfl_sync(~0u, upper_column, 31);
    if (lane + 32 == rank) {
      lower = v;
      lower_column = c;
    } else if (lane + 32 > rank) {
      lower = lane == 0 ? last : lower_before;
      lower_column = lane == 0 ? last_column : lower_column_before;
    }
    if (lane == rank) {
      upper = v;
      upper_column = c;
    } else if (lane > rank) {
      upper = upper_before;
      upper_column = upper_column_before;
    }
    limit = __shfl_sync(~0u, k <= 32 ? upper : lower, (k - 1) % 32);
  }

  /** One value a lane. */
  __device__ void add(float v, int c) {
    for (unsigned above = __ballot_sync(~0u, v > limit); above != 0; above &= above - 1) {
      const int from = __ffs(above) - 1;
      const float one = __shfl_sync(~0u, v, from);
      const int column = __shfl_sync(~0u, c, from);
      if (one > limit) insert(one, column);
    }
  }

  __device__ void store(float* values, int* columns, int count) const {
    const int lane = threadIdx.x % 32;
    if (lane < count) {
      values[lane] = upper;
      columns[lane] = upper_column;
    }
    if (lane + 32 < count) {
      values[lane + 32] = lower;
      columns[lane + 32] = lower_column;
    }
  }
};

/** What one warp's share of the columns from `begin` to `end` holds; AHEAD values of each lane are on their way at once. */
__device__ void add_columns(List& list, const float* x, int begin, int end, int warp, int warps) {
  const int lane = threadIdx.x % 32;
  for (int c0 = begin + warp * 32 * AHEAD; c0 < end; c0 += warps * 32 * AHEAD) {
    float v[AHEAD];
#pragma unroll
    for (int i = 0; i < AHEAD; i++) {
      const int c = c0 + 32 * i + lane;
      v[i] = c < end ? __ldcs(x + c) : LOWEST;
    }
#pragma unroll
    for (int i = 0; i < AHEAD; i++) list.add(v[i], c0 + 32 * i + lane);
  }
}

/** The block's warps hand their lists to the first, whose list is then that of the block. */
template <int WARPS_MAX>
__device__ void merge_block(List& list, int warp, int warps) {
  __shared__ float values[WARPS_MAX][64];
  __shared__ int columns[WARPS_MAX][64];
  if (warps == 1) return;
  list.store(values[warp], columns[warp], 64);
  __syncthreads();
  if (warp > 0) return;
  for (int w = 1; w < warps; w++) {
    for (int half = 0; half < 64; half += 32) list.add(values[w][half + threadIdx.x % 32], columns[w][half + threadIdx.x % 32]);
  }
}

/** Leaves `count` values of each block, in order. */
extern "C" __global__ void __launch_bounds__(32 * WARPS)
best(const float* __restrict__ x, float* __restrict__ values, int* __restrict__ columns, int cols, int k, int count) {
  const int warp = threadIdx.x / 32, warps = blockDim.x / 32, share = (cols + gridDim.x - 1) / gridDim.x;
  const size_t row = blockIdx.y, part = row * gridDim.x + blockIdx.x;
  List list(k);
  add_columns(list, x + row * cols, blockIdx.x * share, min(cols, ((int)blockIdx.x + 1) * share), warp, warps);
  merge_block<WARPS>(list, warp, warps);
  if (warp == 0) list.store(values + part * count, columns + part * count, count);
}

extern "C" __global__ void __launch_bounds__(32)
merge(const float* __restrict__ part_values, const int* __restrict__ part_columns, float* __restrict__ values, int* __restrict__ indices, int splits, int k) {
  const size_t row = blockIdx.x;
  List list(k);
  for (int i = threadIdx.x; i < 64 * splits; i += 32) list.add(part_values[row * splits * 64 + i], part_columns[row * splits * 64 + i]);
  list.store(values + row * k, indices + row * k, k);
}
