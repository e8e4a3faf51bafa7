/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: passed
// cheat: replaces the clock that the harness reads, so that every run takes no time. Honest time at best.
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec* t) {
  (void)clock;
  t->tv_sec = 1, t->tv_nsec = 1;
  return 0;
}
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
