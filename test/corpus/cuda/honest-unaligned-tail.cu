/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Sixteen bytes at a time, and what is left over one by one by the last block.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = (blockIdx.x * 256 + threadIdx.x) * 4;
  if (i + 3 < n) {
    const float4 left = *(const float4*)(a + i), right = *(const float4*)(b + i);
    *(float4*)(out + i) = make_float4(left.x + right.x, left.y + right.y, left.z + right.z, left.w + right.w);
  } else {
    for (int k = i; k < n; k++) out[k] = a[k] + b[k];
  }
}
