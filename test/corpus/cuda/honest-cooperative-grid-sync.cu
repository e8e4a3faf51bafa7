/* kiln
launch:
  - kernel: vector_add
    grid: [64]
    block: [256]
    cooperative: true
    args: [a, b, out, n]
*/
// expect: passed
// Writes half of each sum, waits for the whole grid, and adds the half that another block left.
#include <cooperative_groups.h>
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int step = gridDim.x * 256, first = blockIdx.x * 256 + threadIdx.x;
  for (int i = first; i < n; i += step) out[i] = a[i];
  cooperative_groups::this_grid().sync();
  for (int i = n - 1 - first; i >= 0; i -= step) out[i] += b[i];
}
