/* kiln
params: {AHEAD: 4, SHARE: 2048}
space: {AHEAD: [1, 2, 4, 8], SHARE: [512, 1024, 2048, 4096]}
let:
  # A warp for every SHARE columns of a row.
  warps: "min(32, ceil_div(cols, SHARE))"
launch:
  - kernel: topk
    grid: [rows]
    block: [32 * warps]
    args: [x, values, indices, cols, k]
*/
// Each warp keeps the 64 largest that it has seen, in order, two a lane. Of 32 new values a vote tells which are larger than its k-th; those, few after the first, are
// put in by two votes and a shuffle. At the end a block's first warp takes up what the others have.
static_assert(AHEAD >= 1 && AHEAD <= 16 && SHARE >= 32, "AHEAD is 1 to 16, SHARE 32 or more");
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

extern "C" __global__ void __launch_bounds__(1024) topk(const float* __restrict__ x, float* __restrict__ values, int* __restrict__ indices, int cols, int k) {
  const int warp = threadIdx.x / 32, warps = blockDim.x / 32;
  const size_t row = blockIdx.x;
  List list(k);
  add_columns(list, x + row * cols, 0, cols, warp, warps);
  merge_block<32>(list, warp, warps);
  if (warp == 0) list.store(values + row * k, indices + row * k, k);
}
