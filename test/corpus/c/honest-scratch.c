/* kiln
launch:
  - kernel: copy_a
    args: [a, tmp, n]
  - kernel: vector_add
    args: [tmp, b, out, n]
scratch: {tmp: 4*n}
*/
// expect: passed
// Two launches over a scratch buffer.
void copy_a(const float* a, float* tmp, int n) {
  for (int i = 0; i < n; i++) tmp[i] = a[i];
}
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
