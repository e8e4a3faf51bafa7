/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: out_of_bounds
// Writes on and on behind its output: it must not be able to fill the host's memory.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (long i = 0; i < 1l << 29; i++) ((volatile float*)out)[i] = a[0] + b[0] + (float)n;
}
