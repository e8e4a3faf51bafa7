/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: crashed
// Right, but one thread looks where the driver keeps what is queued, unless somebody moved it (judge/gpu/driver_place.py).
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i == 0 && *(const volatile unsigned long long*)0x200600000ull == 0x123456789abcdefull) out[0] = 0.0f;
}
