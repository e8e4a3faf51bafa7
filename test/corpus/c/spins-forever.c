/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: timed_out
// Never ends.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  for (volatile int i = 0;; i++) {
  }
}
