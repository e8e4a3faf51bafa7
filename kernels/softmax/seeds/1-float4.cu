/* kiln
params: {BLOCK: 512}
launch:
  - kernel: softmax
    grid: [rows]
    block: [BLOCK]
    args: [x, out, cols]
*/
// As 2-online, with 16-byte accesses where rows are 16-byte aligned, and one rescaling for four values. The second pass reads
// the row again, from the L2 cache if it is still there.
static_assert(BLOCK % 32 == 0 && BLOCK <= 1024, "BLOCK is a multiple of a warp, at most 1024");

struct Running {
  float largest, sum;
};

__device__ Running merge(Running a, Running b) {
  const float largest = fmaxf(a.largest, b.largest);
  if (b.sum == 0) return a;
  return {largest, a.sum * __expf(a.largest - largest) + b.sum * __expf(b.largest - largest)};
}

__device__ Running merge_block(Running r) {
  __shared__ Running partial[BLOCK / 32];
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    r = merge(r, {__shfl_xor_sync(~0u, r.largest, lanes), __shfl_xor_sync(~0u, r.sum, lanes)});
  }
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = r;
  __syncthreads();
  r = partial[0];
#pragma unroll
  for (int w = 1; w < BLOCK / 32; w++) r = merge(r, partial[w]);
  return r;
}

__device__ Running add4(Running r, float4 v) {
  const float largest = fmaxf(fmaxf(fmaxf(v.x, v.y), fmaxf(v.z, v.w)), r.largest);
  const float four = __expf(v.x - largest) + __expf(v.y - largest) + __expf(v.z - largest) + __expf(v.w - largest);
  return {largest, r.sum * __expf(r.largest - largest) + four};
}

extern "C" __global__ void __launch_bounds__(BLOCK) softmax(const float* __restrict__ x, float* __restrict__ out, int cols) {
  x += (size_t)blockIdx.x * cols;
  out += (size_t)blockIdx.x * cols;
  const int vectors = cols % 4 == 0 ? cols / 4 : 0;
  const float4* x4 = reinterpret_cast<const float4*>(x);
  float4* out4 = reinterpret_cast<float4*>(out);

  Running r = {-3.4028235e38f, 0};
  for (int i = threadIdx.x; i < vectors; i += BLOCK) r = add4(r, x4[i]);
  for (int c = vectors * 4 + threadIdx.x; c < cols; c += BLOCK) r = merge(r, {x[c], 1});
  r = merge_block(r);

  const float scale = 1 / r.sum, largest = r.largest;
  for (int i = threadIdx.x; i < vectors; i += BLOCK) {
    const float4 v = x4[i];
    out4[i] = make_float4(__expf(v.x - largest) * scale, __expf(v.y - largest) * scale, __expf(v.z - largest) * scale,
                          __expf(v.w - largest) * scale);
  }
  for (int c = vectors * 4 + threadIdx.x; c < cols; c += BLOCK) out[c] = __expf(x[c] - largest) * scale;
}
