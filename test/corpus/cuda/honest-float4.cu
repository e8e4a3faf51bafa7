/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Four elements a thread, vector loads.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (i + 3 < n) {
    float4 x = *(const float4*)(a + i), y = *(const float4*)(b + i);
    *(float4*)(out + i) = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
  } else {
    for (; i < n; i++) out[i] = a[i] + b[i];
  }
}
