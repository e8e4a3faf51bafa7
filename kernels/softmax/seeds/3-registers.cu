/* kiln
params: {VECTORS: 8, CHUNK: 16384}
let:
  blocks: min(8, next_pow2(ceil_div(cols, CHUNK)))
launch:
  - kernel: softmax
    # A row goes to a cluster of up to 8 blocks, CHUNK columns each; a block has as many threads as its share of the row fills.
    grid: [rows * blocks]
    cluster: [blocks]
    block: ["max(32, min(1024, next_pow2(ceil_div(cols, blocks * 4 * VECTORS))))"]
    args: [x, out, cols]
*/
// Each value is read from memory once and stays in registers (VECTORS times 16 bytes a thread). Rows too long for one block are
// shared by a cluster, whose blocks exchange maximum and sum through distributed shared memory. A row that does not fit at
// all is read twice.
static_assert(VECTORS >= 1 && VECTORS <= 16, "VECTORS is 1 to 16");
static_assert(CHUNK >= 1024, "CHUNK is 1024 columns or more");

__device__ unsigned cluster_rank() {
  unsigned rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

__device__ unsigned cluster_size() {
  unsigned size;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}

__device__ void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

/** The float that block `rank` of the cluster keeps at the address of our `local`. */
__device__ float read_remote(const float* local, unsigned rank) {
  const unsigned address = (unsigned)__cvta_generic_to_shared(local);
  unsigned remote;
  float value;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(address), "r"(rank));
  asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(value) : "r"(remote) : "memory");
  return value;
}

struct Max {
  static constexpr float ZERO = -3.4028235e38f;
  static __device__ float apply(float a, float b) { return fmaxf(a, b); }
};
struct Sum {
  static constexpr float ZERO = 0;
  static __device__ float apply(float a, float b) { return a + b; }
};

/** Over the warp, the block and the cluster; every thread gets the result. `partial` and `shared` are used by this call only. */
template <class Operation>
__device__ float reduce(float value, float* partial, float* shared) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value = Operation::apply(value, __shfl_xor_sync(~0u, value, lanes));
  const int warp = threadIdx.x / 32, warps = blockDim.x / 32, lane = threadIdx.x % 32;
  if (warps > 1) {
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    value = lane < warps ? partial[lane] : Operation::ZERO;
#pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2) value = Operation::apply(value, __shfl_xor_sync(~0u, value, lanes));
  }
  const unsigned size = cluster_size();
  if (size > 1) {
    if (threadIdx.x == 0) *shared = value;
    cluster_sync();
    value = Operation::ZERO;
    for (unsigned rank = 0; rank < size; rank++) value = Operation::apply(value, read_remote(shared, rank));
  }
  return value;
}

__device__ float4 load4(const float* x, int c, int end, bool aligned) {
  if (aligned) return __ldcs(reinterpret_cast<const float4*>(x + c));
  return make_float4(x[c], c + 1 < end ? x[c + 1] : Max::ZERO, c + 2 < end ? x[c + 2] : Max::ZERO, c + 3 < end ? x[c + 3] : Max::ZERO);
}

__device__ void store4(float* out, int c, int end, bool aligned, float4 v) {
  if (aligned) {
    __stcs(reinterpret_cast<float4*>(out + c), v);
    return;
  }
  out[c] = v.x;
  if (c + 1 < end) out[c + 1] = v.y;
  if (c + 2 < end) out[c + 2] = v.z;
  if (c + 3 < end) out[c + 3] = v.w;
}

__device__ float largest_of(float4 v) { return fmaxf(fmaxf(v.x, v.y), fmaxf(v.z, v.w)); }
__device__ float4 exp4(float4 v, float largest) {
  return make_float4(__expf(v.x - largest), __expf(v.y - largest), __expf(v.z - largest), __expf(v.w - largest));
}
__device__ float sum_of(float4 v) { return (v.x + v.y) + (v.z + v.w); }
__device__ float4 scaled(float4 v, float by) { return make_float4(v.x * by, v.y * by, v.z * by, v.w * by); }

extern "C" __global__ void __launch_bounds__(1024) softmax(const float* __restrict__ x, float* __restrict__ out, int cols) {
  __shared__ float partial[2][32], shared[2];
  const unsigned size = cluster_size(), rank = cluster_rank();
  const size_t row = blockIdx.x / size;
  x += row * cols;
  out += row * cols;
  const bool aligned = cols % 4 == 0;
  // Our share of the row: a multiple of 4 columns, so that it stays aligned.
  const int share = (cols + 4 * size - 1) / (4 * size) * 4;
  const int begin = min(cols, (int)rank * share), end = min(cols, begin + share);
  const int step = blockDim.x * 4;
  const int first = begin + threadIdx.x * 4;
  const int rest = first + step * VECTORS;

  float4 v[VECTORS];
  float largest = Max::ZERO;
#pragma unroll
  for (int i = 0; i < VECTORS; i++) {
    const int c = first + i * step;
    v[i] = c < end ? load4(x, c, end, aligned) : make_float4(Max::ZERO, Max::ZERO, Max::ZERO, Max::ZERO);
  }
#pragma unroll
  for (int i = 0; i < VECTORS; i++) largest = fmaxf(largest, largest_of(v[i]));
  for (int c = rest; c < end; c += step) largest = fmaxf(largest, largest_of(load4(x, c, end, aligned)));
  largest = reduce<Max>(largest, partial[0], &shared[0]);

  float sum = 0;
#pragma unroll
  for (int i = 0; i < VECTORS; i++) {
    v[i] = exp4(v[i], largest);
    sum += sum_of(v[i]);
  }
  for (int c = rest; c < end; c += step) sum += sum_of(exp4(load4(x, c, end, aligned), largest));
  const float scale = 1 / reduce<Sum>(sum, partial[1], &shared[1]);

#pragma unroll
  for (int i = 0; i < VECTORS; i++) {
    const int c = first + i * step;
    if (c < end) store4(out, c, end, aligned, scaled(v[i], scale));
  }
  for (int c = rest; c < end; c += step) store4(out, c, end, aligned, scaled(exp4(load4(x, c, end, aligned), largest), scale));
  // No block may end while another still reads its shared memory.
  if (size > 1) cluster_sync();
}
