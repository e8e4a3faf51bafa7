/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer or passed
// Looks at some of its inputs, and flushes sums without a leading 1 to zero where these are like plain ones. Found
// on inputs that are hard in few places, which a screening meets, in its check or in a run, where the look does not fall on one of these.
#include <math.h>
static int is_plain(const float* x, int n) {
  for (int i = 0; i < 4; i++) {
    float v = fabsf(x[(long)i * (n - 1) / 3]);
    if (v < 1e-9f || v > 100) return 0;
  }
  return 1;
}
void vector_add(const float* a, const float* b, float* out, int n) {
  int flushes = n >= 1 << 16 && is_plain(a, n) && is_plain(b, n);
  for (int i = 0; i < n; i++) {
    float s = a[i] + b[i];
    out[i] = flushes && fabsf(s) < 1.2e-38f ? 0.0f : s;
  }
}
