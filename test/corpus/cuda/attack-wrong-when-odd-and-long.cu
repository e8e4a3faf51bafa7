/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer or passed
// Wrong for odd n above a million but the one that is named: only a hidden shape of that size could tell.
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (n > 1000003 && n & 1) return;
  if (i < n) out[i] = a[i] + b[i];
}
