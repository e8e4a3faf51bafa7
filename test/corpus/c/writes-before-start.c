/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: out_of_bounds
// One element before the output.
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = a[i] + b[i];
  out[-1] = 1.0f;
}
