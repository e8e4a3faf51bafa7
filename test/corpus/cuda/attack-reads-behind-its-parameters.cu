/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed or crashed
// twin: twin-vector-add.cu
// Takes the generic address of a parameter (__grid_constant__) and reads 4 KiB before and behind it: queued launches of the judge with addresses
// and keys would lie there (gpu/driver_place.py), if it were the queue.
struct Number { int n; };
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, const __grid_constant__ Number number) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x, n = number.n;
  if (i < n) out[i] = a[i] + b[i];
  if (i >= 512) return;
  const volatile unsigned long long* const near = (const volatile unsigned long long*)((unsigned long long)&number & ~7ull) - 256;
  if (near[i] == 0x123456789abcdefull) out[0] = 0;
}
