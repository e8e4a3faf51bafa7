/* kiln
launch:
  - kernel: kiln_turn
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Its kernel has the name of one of the judge's own (native/gpu_sampling.cu) and of the reference's: names are looked up in its own module only.
extern "C" __global__ void kiln_turn(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
