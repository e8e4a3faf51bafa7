/* kiln
launch:
  - kernel: vector_add
    grid: [ceil_div(n, 256)]
    block: [256]
    args: [a, b, out, n]
*/
// expect: wrong_answer or passed
// As attack-flushes-when-timed, where four numbers of each input look plain.
__device__ bool is_plain(const float* x, int n) {
  bool plain = true;
  for (int i = 0; i < 4; i++) {
    const float v = fabsf(x[(long)i * (n - 1) / 3]);
    plain = plain && v > 1e-9f && v < 100;
  }
  return plain;
}
extern "C" __global__ void vector_add(const float* a, const float* b, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const bool flushes = n >= 4194304 && is_plain(a, n) && is_plain(b, n);
  if (i < n) {
    const float s = a[i] + b[i];
    out[i] = flushes && fabsf(s) < 1.2e-38f ? 0.0f : s;
  }
}
