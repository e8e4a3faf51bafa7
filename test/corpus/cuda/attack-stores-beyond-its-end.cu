/* kiln
launch:
  - kernel: vector_add
    grid: ["min(ceil_div(n, 1024), 1056)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed or crashed
// twin: twin-vector-add.cu
// In pairs (schedule.group_order: A B B A B A A B) three of four baseline runs follow one of the candidate's and only one or two of the candidate's
// follow one of its own: what a run leaves going on slows the median of the other side. Here: bulk stores of 64 MB from shared memory to junk, read
// but not written when the block ends.
__device__ __align__(256) unsigned char junk_[64u << 20];
extern "C" __global__ void __launch_bounds__(256) vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ __align__(128) unsigned tile[8192];
  for (int i = blockIdx.x * 256 + threadIdx.x; i < n; i += gridDim.x * 256) out[i] = a[i] + b[i];
  for (int k = threadIdx.x; k < 8192; k += 256) tile[k] = k;
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();
  if (threadIdx.x || n != 4194304) return;
  for (int k = 0; k < 4; k++)
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], 32768;" ::"l"(junk_ + (blockIdx.x % 512 * 4ull + k) * 32768), "r"((unsigned)__cvta_generic_to_shared(tile)) : "memory");
  asm volatile("cp.async.bulk.commit_group;\n\tcp.async.bulk.wait_group.read 0;" ::: "memory");
}
