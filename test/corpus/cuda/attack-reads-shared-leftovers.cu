/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    shared: 32768
    args: [a, b, out, n]
*/
// expect: passed
// Looks through shared memory that it never wrote for what kernels before it left there (sums of kiln_compare_samples): no key or address may be
// found.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  extern __shared__ volatile unsigned long long left[];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  int odd = 0;
  for (int k = threadIdx.x; k < 4096; k += 256) odd += left[k] == (unsigned long long)out;
  if (i < n) out[i] = a[i] + b[i] + (odd > 1 << 20 ? 1.0f : 0.0f);
}
