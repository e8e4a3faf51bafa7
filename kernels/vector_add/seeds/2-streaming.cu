/* kiln
params: {BLOCK: 256, UNROLL: 2}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, BLOCK * 4 * UNROLL)]
    block: [BLOCK]
    args: [a, b, out, n]
*/
// 2 * UNROLL independent 16-byte loads in flight for each thread before the first is used; nothing is read twice, so
// everything is marked for early eviction (ld/st .cs).
static_assert(BLOCK % 32 == 0 && BLOCK <= 1024, "BLOCK is a multiple of a warp, at most 1024");
static_assert(UNROLL >= 1 && UNROLL <= 8, "UNROLL is 1 to 8");

extern "C" __global__ void __launch_bounds__(BLOCK)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  const float4* a4 = reinterpret_cast<const float4*>(a);
  const float4* b4 = reinterpret_cast<const float4*>(b);
  float4* out4 = reinterpret_cast<float4*>(out);
  const int vectors = n / 4;
  const int first = blockIdx.x * (BLOCK * UNROLL) + threadIdx.x;
  float4 x[UNROLL], y[UNROLL];
#pragma unroll
  for (int u = 0; u < UNROLL; u++) {
    const int i = first + u * BLOCK;
    if (i < vectors) {
      x[u] = __ldcs(a4 + i);
      y[u] = __ldcs(b4 + i);
    }
  }
#pragma unroll
  for (int u = 0; u < UNROLL; u++) {
    const int i = first + u * BLOCK;
    if (i < vectors) __stcs(out4 + i, make_float4(x[u].x + y[u].x, x[u].y + y[u].y, x[u].z + y[u].z, x[u].w + y[u].w));
  }
  const int tail = vectors * 4 + threadIdx.x;
  if (blockIdx.x == 0 && tail < n) out[tail] = a[tail] + b[tail];
}
