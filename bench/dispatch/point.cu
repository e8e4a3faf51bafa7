/* kiln
params: {BLOCK: 256, POINT: 0}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, BLOCK * 4)]
    block: [BLOCK]
    args: [a, b, out, n]
*/
// POINT changes nothing but the content, so that there is no end of different candidates.
extern "C" __global__ void __launch_bounds__(BLOCK)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  const int i = (blockIdx.x * BLOCK + threadIdx.x) * 4;
  if (i + 3 < n) {
    const float4 x = *reinterpret_cast<const float4*>(a + i);
    const float4 y = *reinterpret_cast<const float4*>(b + i);
    *reinterpret_cast<float4*>(out + i) = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
  } else {
    for (int j = i; j < n; j++) out[j] = a[j] + b[j];
  }
}
