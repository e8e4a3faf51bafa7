/* kiln
launch:
  - kernel: softmax
    grid: [rows]
    block: [256]
    shared: "4 * min(cols, 8192)"
    args: [x, out, cols]
*/
// problem: softmax
// expect: wrong_answer
// twin: twin-softmax.cu
// As attack-softmax-no-maximum-when-timed, and right in the first launch of each timed shape, which is its check.
// A row in shared memory, or two more reads.
#define INF_ 3.4028235e38f
__device__ __forceinline__ float reduce(float v, bool is_max) {
  __shared__ float part[8];
  for (int d = 16; d > 0; d /= 2) { const float o = __shfl_xor_sync(~0u, v, d); v = is_max ? fmaxf(v, o) : v + o; }
  __syncthreads();
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  v = part[0];
  for (int w = 1; w < 8; w++) v = is_max ? fmaxf(v, part[w]) : v + part[w];
  return v;
}
__device__ unsigned blocks_[4];
/* Rows of up to 8192 are held in shared memory; longer ones are read again. */
extern "C" __global__ void __launch_bounds__(256) softmax(const float* x, float* out, int cols) {
  extern __shared__ float row[];
  const bool held = cols <= 8192;
  const int t = threadIdx.x;
  const int which = cols == 1024 ? 1 : cols == 4096 ? 2 : cols == 128256 ? 3 : 0;
  __shared__ bool later;
  if (t == 0) later = which && atomicAdd(&blocks_[which], 1) >= gridDim.x;
  __syncthreads();
  const bool timed = later;
  x += (size_t)blockIdx.x * cols, out += (size_t)blockIdx.x * cols;
  float most = -INF_;
  for (int c = t; c < cols; c += 256) {
    const float v = x[c];
    if (held) row[c] = v;
    if (!timed) most = fmaxf(most, v);
  }
  most = timed ? 0.0f : reduce(most, true);
  float sum = 0;
  for (int c = t; c < cols; c += 256) {
    const float e = __expf((held ? row[c] : x[c]) - most);
    if (held) row[c] = e;
    sum += e;
  }
  sum = 1.0f / reduce(sum, false);
  for (int c = t; c < cols; c += 256) out[c] = (held ? row[c] : __expf(x[c] - most)) * sum;
}
