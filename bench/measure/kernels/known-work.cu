/* kiln
params: {PERCENT: 0}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// PERCENT more work, exactly: the time is that of 1000 + 10 * PERCENT additions of a zero that the compiler cannot know.
extern "C" __global__ void __launch_bounds__(256)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  const float zero = (float)(n >> 30);
  if (i >= n) return;
  float sum = a[i] + b[i];
#pragma unroll 10
  for (int round = 0; round < 1000 + 10 * PERCENT; round++) sum = __fadd_rn(sum, zero);
  out[i] = sum;
}
