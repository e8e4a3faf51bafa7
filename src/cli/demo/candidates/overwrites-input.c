/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// Wrong on purpose: the result is right, but an input is spoilt on the way.
void vector_add(float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) {
    a[i] += b[i];
    out[i] = a[i];
  }
}
