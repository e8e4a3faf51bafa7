/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Returns at once from the third run on the same inputs on. Timed again with new inputs before every run it is honest, and used to pass so: nobody
// looked at what it had written in the section that was timed again.
static float sample[2];
static int same;
static float work(float x) {
  for (int k = 0; k < 60; k++) x = x * 0.999f + 0.001f;
  return x;
}
void vector_add(const float* a, const float* b, float* out, int n) {
  same = sample[0] == a[0] && sample[1] == b[n - 1] ? same + 1 : 0;
  sample[0] = a[0], sample[1] = b[n - 1];
  if (n > 1 << 16 && same > 1) return;
  for (int i = 0; i < n; i++) {
    float w = work(a[i]);
    out[i] = a[i] + b[i] + (w == 12345.0f ? 1.0f : 0.0f);
  }
}
