/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// Waits for the grid before it and lets the one after it begin, as kernels for programmatic dependent launches do.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  asm volatile("griddepcontrol.wait;" ::: "memory");
  const int start = blockIdx.x * 1024;
  for (int i = start + threadIdx.x; i < min(start + 1024, n); i += 256) out[i] = a[i] + b[i];
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
}
