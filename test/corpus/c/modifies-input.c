/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: modified_input
// Clears an input.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  ((float*)a)[n - 1] += 1.0f;
}
