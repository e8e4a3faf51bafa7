/* kiln
launch:
  - kernel: vector_add
    args: [a, b, out, n]
*/
// expect: passed
// Tries what would let it reach the judge or outlive its run, when it is loaded and when it runs. It is right only where all is refused.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int broke_out;

static void* linger(void* nothing) {
  pause();
  return nothing;
}

static int opens(const char* format, int flags) {
  char path[64];
  snprintf(path, sizeof path, format, (int)syscall(SYS_getppid));
  return open(path, flags) >= 0;
}

static int breaks_out(void) {
  struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
  pthread_t thread;
  char byte;
  struct iovec here = {&byte, 1}, there = {(void*)0x400000, 1};
  pid_t child = fork();
  if (child == 0) linger(0);
  return child > 0 || !pthread_create(&thread, 0, linger, 0) || !kill(1, 0) || !kill(0, 0) || !ptrace(PTRACE_TRACEME, 0, 0, 0) ||
         process_vm_readv(1, &here, 1, &there, 1, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || !setrlimit(RLIMIT_NPROC, &all) ||
         !prctl(PR_SET_PDEATHSIG, 0) || !unlink("/nowhere/at/all") || opens("/proc/%d/mem", O_RDWR) || opens("/dev/null", O_WRONLY);
}

__attribute__((constructor)) static void loaded(void) { broke_out |= breaks_out(); }

void vector_add(const float* a, const float* b, float* out, int n) {
  broke_out |= breaks_out() || opens("/dev/null", O_RDONLY);
  for (int i = 0; i < n; i++) out[i] = broke_out ? 0 : a[i] + b[i];
}
