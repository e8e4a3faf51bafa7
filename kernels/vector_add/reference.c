/* kiln
launch:
  - kernel: vector_add_reference
    args: [a, b, out, n]
*/
void vector_add_reference(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
