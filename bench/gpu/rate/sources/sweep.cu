/* kiln
params: {BLOCK: 256, VEC: 4, UNROLL: 2, STREAM: 0}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, BLOCK * VEC * UNROLL)]
    block: [BLOCK]
    args: [a, b, out, n]
*/
// The honest sweep: VEC floats in one access, UNROLL of them in flight, cached or streaming (STREAM 1).
template <int WIDTH> struct Vector;
template <> struct Vector<1> { typedef float type; };
template <> struct Vector<2> { typedef float2 type; };
template <> struct Vector<4> { typedef float4 type; };

__device__ float add(float x, float y) { return x + y; }
__device__ float2 add(float2 x, float2 y) { return make_float2(x.x + y.x, x.y + y.y); }
__device__ float4 add(float4 x, float4 y) { return make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w); }

extern "C" __global__ void __launch_bounds__(BLOCK)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  typedef Vector<VEC>::type vector;
  const vector* av = reinterpret_cast<const vector*>(a);
  const vector* bv = reinterpret_cast<const vector*>(b);
  vector* ov = reinterpret_cast<vector*>(out);
  const int vectors = n / VEC;
  const int first = blockIdx.x * (BLOCK * UNROLL) + threadIdx.x;
  vector x[UNROLL], y[UNROLL];
#pragma unroll
  for (int u = 0; u < UNROLL; u++) {
    const int i = first + u * BLOCK;
    if (i < vectors) {
      x[u] = STREAM ? __ldcs(av + i) : av[i];
      y[u] = STREAM ? __ldcs(bv + i) : bv[i];
    }
  }
#pragma unroll
  for (int u = 0; u < UNROLL; u++) {
    const int i = first + u * BLOCK;
    if (i >= vectors) continue;
    if (STREAM) __stcs(ov + i, add(x[u], y[u]));
    else ov[i] = add(x[u], y[u]);
  }
  const int tail = vectors * VEC + threadIdx.x;
  if (blockIdx.x == 0 && tail < n) out[tail] = a[tail] + b[tail];
}
