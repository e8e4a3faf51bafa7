/* kiln
launch:
  - kernel: vector_add
    args: [a, b, result, n]
*/
// Wrong on purpose: the problem has no argument named `result`.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
}
