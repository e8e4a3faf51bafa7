/* kiln
launch:
  - kernel: vector_add
    grid: [64]
    block: [256]
    args: [a, b, out, n]
*/
// expect: crashed or wrong_answer or timed_out
// Waits for the whole grid in a launch that is not cooperative: cooperative groups have no memory to meet in, and trap.
#include <cooperative_groups.h>
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int step = gridDim.x * 256, first = blockIdx.x * 256 + threadIdx.x;
  cooperative_groups::this_grid().sync();
  for (int i = first; i < n; i += step) out[i] = a[i] + b[i];
}
