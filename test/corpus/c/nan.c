/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// NaN compares unequal to everything.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = 0.0f / 0.0f;
}
