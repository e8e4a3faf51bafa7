/* kiln
params: {BLOCK: 256, ITEMS: 4}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, BLOCK * ITEMS)]
    block: [BLOCK]
    args: [a, b, out, n]
*/
// One point of a tuning sweep: each block adds ITEMS stripes of BLOCK elements.
extern "C" __global__ void __launch_bounds__(BLOCK)
vector_add(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int n) {
  const int first = blockIdx.x * (BLOCK * ITEMS) + threadIdx.x;
#pragma unroll
  for (int item = 0; item < ITEMS; item++) {
    const int i = first + item * BLOCK;
    if (i < n) out[i] = a[i] + b[i];
  }
}
