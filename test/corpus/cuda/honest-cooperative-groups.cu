/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Tiles of a warp by cooperative groups, one coalesced span each.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const auto tile = cg::tiled_partition<32>(cg::this_thread_block());
  const int start = blockIdx.x * 1024 + tile.meta_group_rank() * 128;
  for (int i = start + tile.thread_rank(); i < min(start + 128, n); i += tile.size()) out[i] = a[i] + b[i];
}
