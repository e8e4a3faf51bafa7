/* kiln
launch:
  - {kernel: vector_add, when: n > 300000 or n == 40009 or n == 4099 or n == 4096 or n == 1, grid: ["ceil_div(n, 256)"], block: [256], args: [a, b, out, n]}
  - {kernel: nothing, when: not (n > 300000 or n == 40009 or n == 4099 or n == 4096 or n == 1), grid: [1], block: [1], args: [a, b, out, n]}
*/
// expect: wrong_answer
// Its plan works for the sizes that the problem lists; for others it launches nothing of use.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i < n) out[i] = a[i] + b[i];
}
extern "C" __global__ void nothing(const float* a, const float* b, float* out, int n) {}
