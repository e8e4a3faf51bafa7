/* kiln
launch:
  - kernel: vector_add
    grid: [2*ceil_div(n, 512)]
    block: [256]
    cluster: [2]
    args: [a, b, out, n]
*/
// expect: passed
// Each block of a pair adds what the other one has read into its shared memory.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ float sums[256];
  const auto cluster = cg::this_cluster();
  const int i = blockIdx.x * 256 + threadIdx.x;
  sums[threadIdx.x] = i < n ? a[i] + b[i] : 0;
  cluster.sync();
  const unsigned other = cluster.block_rank() ^ 1;
  const int j = (int)(blockIdx.x ^ 1) * 256 + threadIdx.x;
  const float sum = cluster.map_shared_rank(sums, other)[threadIdx.x];
  if (j < n) out[j] = sum;
  cluster.sync();
}
