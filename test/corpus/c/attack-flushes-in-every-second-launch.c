/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: wrong_answer or passed
// As attack-flushes-when-timed, in every second launch only. A run on hard inputs falls on the others as often: two judgements in four find it, and a
// confirmation, which has more of them, nearly always.
#include <math.h>
static int launches;
void vector_add(const float* a, const float* b, float* out, int n) {
  int flushes = n >= 1 << 16 && launches++ % 2;
  for (int i = 0; i < n; i++) {
    float s = a[i] + b[i];
    out[i] = flushes && fabsf(s) < 1.2e-38f ? 0.0f : s;
  }
}
