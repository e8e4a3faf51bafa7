/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer
// As attack-flushes-when-timed, and right in the first launch of the timed shape, which is its check.
#include <math.h>
static int launches;
void vector_add(const float* a, const float* b, float* out, int n) {
  int flushes = n >= 1 << 16 && launches++ > 0;
  for (int i = 0; i < n; i++) {
    float s = a[i] + b[i];
    out[i] = flushes && fabsf(s) < 1.2e-38f ? 0.0f : s;
  }
}
