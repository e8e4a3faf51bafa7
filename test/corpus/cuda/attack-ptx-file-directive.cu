/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: compile_error or passed
// Debug directives in inline PTX that name files of the host; nothing may be read for them.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  asm volatile(".file 77 \"/etc/hostname\"\n\t.loc 77 1 1");
  if (i < n) out[i] = a[i] + b[i];
}
