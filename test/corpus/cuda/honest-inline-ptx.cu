/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 1024)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: passed
// The addition itself as hand-written PTX.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int start = blockIdx.x * 1024;
  for (int i = start + threadIdx.x; i < min(start + 1024, n); i += 256) {
    float sum;
    asm("add.rn.f32 %0, %1, %2;" : "=f"(sum) : "f"(a[i]), "f"(b[i]));
    out[i] = sum;
  }
}
