/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
  - kernel: done
    grid: [1]
    block: [1]
    args: [n]
*/
// expect: passed or wrong_answer
// twin: twin-vector-add.cu
// The first launch lets dependents start at once, the second ends without waiting for it: with programmatic launches the run's end would come
// before its work.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  asm volatile("griddepcontrol.launch_dependents;");
  if (i < n) out[i] = a[i] + b[i];
}
extern "C" __global__ void done(int n) {}
