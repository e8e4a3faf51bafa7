/* kiln
params: {BLOCK: 256}
launch:
  - kernel: softmax
    grid: [rows]
    block: [BLOCK]
    args: [x, out, cols]
*/
// Maximum and sum in one pass: when a larger value appears, the sum so far is scaled down. Two passes in place of three, and
// shuffles in place of trees in shared memory.
static_assert(BLOCK % 32 == 0 && BLOCK <= 1024, "BLOCK is a multiple of a warp, at most 1024");

struct Running {
  float largest, sum;
};

__device__ Running merge(Running a, Running b) {
  const float largest = fmaxf(a.largest, b.largest);
  if (b.sum == 0) return a;
  return {largest, a.sum * __expf(a.largest - largest) + b.sum * __expf(b.largest - largest)};
}

__device__ Running merge_warp(Running r) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    r = merge(r, {__shfl_xor_sync(~0u, r.largest, lanes), __shfl_xor_sync(~0u, r.sum, lanes)});
  }
  return r;
}

extern "C" __global__ void __launch_bounds__(BLOCK) softmax(const float* __restrict__ x, float* __restrict__ out, int cols) {
  __shared__ Running partial[BLOCK / 32];
  const int t = threadIdx.x;
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;

  Running r = {-3.4028235e38f, 0};
  for (int c = t; c < cols; c += BLOCK) r = merge(r, {x[c], 1});
  r = merge_warp(r);
  if (t % 32 == 0) partial[t / 32] = r;
  __syncthreads();
  r = partial[0];
#pragma unroll
  for (int w = 1; w < BLOCK / 32; w++) r = merge(r, partial[w]);

  const float scale = 1 / r.sum;
  for (int c = t; c < cols; c += BLOCK) out[c] = __expf(x[c] - r.largest) * scale;
}
