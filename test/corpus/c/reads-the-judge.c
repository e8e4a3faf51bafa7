/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: passed
// Looks for the judge's memory and descriptors while files can still be opened for reading. It is right only where that is refused.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int found;

/* getppid() is refused; the parent's number stands in this process's own status. */
__attribute__((constructor)) static void look(void) {
  char text[4096] = "", path[64];
  int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (status < 0) return;
  extern long read(int, void*, size_t);
  read(status, text, sizeof text - 1);
  int parent = atoi(strstr(text, "PPid:") + 5);
  const char* files[] = {"/proc/%d/mem", "/proc/%d/maps", "/proc/%d/fd/4", "/proc/%d/environ"};
  for (int n = 0; n < 4; n++) {
    snprintf(path, sizeof path, files[n], parent);
    found |= open(path, O_RDONLY | O_CLOEXEC) >= 0;
  }
}

void vector_add(const float* a, const float* b, float* out, int n) {
  for (int i = 0; i < n; i++) out[i] = found ? 0 : a[i] + b[i];
}
