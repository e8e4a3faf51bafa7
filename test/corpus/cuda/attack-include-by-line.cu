/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: compile_error
// #line names a file of the host, and what follows is an error: a compiler that quotes the line it complains of would quote that file's first line
// in its log.
#line 1 "/etc/hostname"
this is no declaration;
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
