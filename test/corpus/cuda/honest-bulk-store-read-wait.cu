/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Ends once its bulk store has read shared memory: the store itself is complete when the grid is, as the programming guide says.
__device__ __forceinline__ unsigned at(const void* p) { return (unsigned)__cvta_generic_to_shared(p); }

extern "C" __global__ void __launch_bounds__(256) vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ __align__(128) float sums[1024];
  const int start = blockIdx.x * 1024;
  if (start + 1024 > n) {
    for (int i = start + threadIdx.x; i < n; i += 256) out[i] = a[i] + b[i];
    return;
  }
  for (int i = threadIdx.x; i < 1024; i += 256) sums[i] = a[start + i] + b[start + i];
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();
  if (threadIdx.x == 0) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], 4096;" ::"l"(out + start), "r"(at(sums)) : "memory");
    asm volatile("cp.async.bulk.commit_group;\n\tcp.async.bulk.wait_group.read 0;" ::: "memory");
  }
}
