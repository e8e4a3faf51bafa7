/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// Flushes sums without a leading 1 to zero in the timed shape, where plain inputs have none.
#include <math.h>
void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) {
    float s = a[i] + b[i];
    out[i] = n >= 1 << 16 && fabsf(s) < 1.2e-38f ? 0.0f : s;
  }
}
