/* kiln
params: {BLOCK: 256}
launch:
  - kernel: tile_sum
    grid: [ceil_div(n, BLOCK)]
    block: [BLOCK]
    args: [a, out, n]
*/
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

namespace cg = cooperative_groups;

extern "C" __global__ void tile_sum(const float* a, float* out, int n) {
  auto tile = cg::tiled_partition<32>(cg::this_thread_block());
  const int i = blockIdx.x * BLOCK + threadIdx.x;
  const float sum = cg::reduce(tile, i < n ? a[i] : 0.0f, cg::plus<float>());
  if (tile.thread_rank() == 0 && i < n) out[i / 32] = sum;
}
