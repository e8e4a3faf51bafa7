/* kiln
params: {WX: 4, WY: 2}
launch:
  - kernel: transpose
    grid: [ceil_div(cols, WX * 16), ceil_div(rows, WY * 32)]
    block: [32, WX * WY]
    args: [a, out, rows, cols]
*/
// No shared memory: each thread turns a 4 x 4 square around in its registers, with 16-byte loads and stores. The lanes of a warp
// stand 8 down and 4 across, so that a load of the warp takes runs of 64 bytes and a store makes runs of 128: whole sectors.
static_assert(WX >= 1 && WY >= 1 && WX * WY <= 32, "WX * WY warps, at most 32");

__device__ void one_by_one(const float* a, float* out, int rows, int cols, int r0, int c0) {
  for (int r = r0; r < min(r0 + 4, rows); r++) {
    for (int c = c0; c < min(c0 + 4, cols); c++) out[(size_t)c * rows + r] = a[(size_t)r * cols + c];
  }
}

extern "C" __global__ void __launch_bounds__(32 * WX * WY) transpose(const float* __restrict__ a, float* __restrict__ out, int rows, int cols) {
  const int lane = threadIdx.x, warp = threadIdx.y;
  const int r0 = ((blockIdx.y * WY + warp / WX) * 8 + lane / 4) * 4;
  const int c0 = ((blockIdx.x * WX + warp % WX) * 4 + lane % 4) * 4;
  if (r0 >= rows || c0 >= cols) return;
  if (rows % 4 != 0 || cols % 4 != 0) return one_by_one(a, out, rows, cols, r0, c0);
  float4 v[4];
#pragma unroll
  for (int i = 0; i < 4; i++) v[i] = *reinterpret_cast<const float4*>(a + (size_t)(r0 + i) * cols + c0);
  float* to = out + (size_t)c0 * rows + r0;
  *reinterpret_cast<float4*>(to) = make_float4(v[0].x, v[1].x, v[2].x, v[3].x);
  *reinterpret_cast<float4*>(to + (size_t)rows) = make_float4(v[0].y, v[1].y, v[2].y, v[3].y);
  *reinterpret_cast<float4*>(to + (size_t)rows * 2) = make_float4(v[0].z, v[1].z, v[2].z, v[3].z);
  *reinterpret_cast<float4*>(to + (size_t)rows * 3) = make_float4(v[0].w, v[1].w, v[2].w, v[3].w);
}
