/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: passed
// What the cheats would take honestly: for comparison.
static float work(float x) {
  for (int k = 0; k < 60; k++) x = x * 0.999f + 0.001f;
  return x;
}
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) {
    float w = work(a[i]);
    out[i] = a[i] + b[i] + (w == 12345.0f ? 1.0f : 0.0f);
  }
}
