/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Never writes the last element.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n - 1; i++) out[i] = a[i] + b[i];
}
