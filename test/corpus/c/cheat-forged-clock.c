/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: passed
// cheat: puts its own clock in the place of the one that the harness reads, so that every run takes no time. Honest time at best.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/mman.h>
#include <time.h>

static int forged;

static int forged_clock(clockid_t clock, struct timespec* t) {
  static long ticks;
  (void)clock;
  t->tv_sec = 1, t->tv_nsec = ticks += 100;
  return 0;
}

/* Every word near the harness's code, which calls us, that holds the address of clock_gettime. No file tells where: none can be opened. */
static void forge(char* caller) {
  void* real = dlsym(RTLD_DEFAULT, "clock_gettime");
  char* page = (char*)((unsigned long)caller & ~4095ul);
  for (int n = -4; n < 8; n++) {
    if (mprotect(page + 4096l * n, 4096, PROT_READ | PROT_WRITE | PROT_EXEC)) continue;
    for (void** word = (void**)(page + 4096l * n); (char*)word < page + 4096l * (n + 1); word++)
      if (*word == real) *word = (void*)forged_clock, forged++;
  }
}

static float work(float x) {
  for (int k = 0; k < 60; k++) x = x * 0.999f + 0.001f;
  return x;
}

void vector_add(const float* a, const float* b, float* out, int n) {
  static int done;
  if (!done++) forge(__builtin_return_address(0));
  for (int i = 0; i < n; i++) {
    float w = work(a[i]);
    /* Wrong where nothing could be forged: then this file tests nothing. */
    out[i] = forged ? a[i] + b[i] + (w == 12345.0f ? 1.0f : 0.0f) : 0.0f;
  }
}
