/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed or wrong_answer or crashed
// twin: twin-vector-add.cu
// Blocks end without waiting for their bulk stores: the end event may come before what is still on its way, and shared memory may be another's by
// then.
extern "C" __global__ void __launch_bounds__(256) vector_add(const float* a, const float* b, float* out, int n) {
  __shared__ __align__(128) float tile[1024];
  const int base = blockIdx.x * 1024, t = threadIdx.x;
  for (int k = t; k < 1024 && base + k < n; k += 256) tile[k] = a[base + k] + b[base + k];
  if (base + 1024 > n) {
    for (int k = t; base + k < n; k += 256) out[base + k] = tile[k];
    return;
  }
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();
  if (t == 0)
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], 4096;\n\tcp.async.bulk.commit_group;" ::"l"(out + base), "r"((unsigned)__cvta_generic_to_shared(tile)) : "memory");
}
