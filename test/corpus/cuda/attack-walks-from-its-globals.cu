/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed or crashed
// Walks 2 MiB up and down from its own variable in steps of 256 bytes, looking for anything of other modules; changes nothing.
__device__ unsigned long long here_[2];
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
  if (i < 16384 && n == 4096) {
    const volatile unsigned long long* const p = (const volatile unsigned long long*)((char*)here_ + (i - 8192) * 256ll);
    if (p[0] == 0x123456789abcdefull) out[0] = 0;
  }
}
