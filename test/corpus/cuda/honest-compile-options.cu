/* kiln
compile: {fmad: false, prec_div: true, maxrregcount: 32, ptxas_opt_level: 2, extra_device_vectorization: true}
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, 256)"]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Every option but those that flush subnormal numbers, which the problem keeps.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
