/* kiln
symbols: {count: n, added: b}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, out]
*/
// expect: plan_error
// Room for a thousand numbers of the many.
__constant__ int count;
__constant__ float added[1000];
extern "C" __global__ void vector_add(const float* a, float* out) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < count) out[i] = a[i] + added[i];
}
