/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: compile_error or passed
// The assembler of PTX is asked for a file of the host; there is no such directive, and a judge that passes it must not have read anything.
asm(".incbin \"/etc/hostname\"");
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
