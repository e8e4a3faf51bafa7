/* kiln
launch:
  - kernel: vector_add
    grid: [65535]
    block: [256]
    cooperative: true
    args: [a, b, out, n]
*/
// expect: plan_error
// More blocks than any device holds at once: those that run would wait for ever for those that do not.
#include <cooperative_groups.h>
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int step = gridDim.x * 256, first = blockIdx.x * 256 + threadIdx.x;
  cooperative_groups::this_grid().sync();
  for (int i = first; i < n; i += step) out[i] = a[i] + b[i];
}
