/* kiln
params: {__CUDA_ARCH__: 100}
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: plan_error or compile_error or passed
// A parameter that replaces what a header of the compiler may test (__CUDA_ARCH__): its own code only.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
