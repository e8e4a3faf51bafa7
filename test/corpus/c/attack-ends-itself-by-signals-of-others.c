/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: crashed
// Sends itself what only somebody else, or a host without memory, would send, so that its host is blamed.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void vector_add(const float* a, const float* b, float* out, int n) {
  for (int signal = 1; signal < 65; signal++)
    if (signal != SIGABRT) syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), signal);
  abort();
}
