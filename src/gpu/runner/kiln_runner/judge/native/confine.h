/* What a process that runs an artifact may still do: compute, allocate, print to nowhere and end. Everything else is refused by the kernel
 * (seccomp), also to root: threads and processes that would go on after an answer, signals and memory of others, files, sockets, limits. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the cpu device confines candidates on x86-64 and aarch64 only"
#endif

#define BYTES_BESIDE_MEMORY (1ull << 30)
#define CPU_GRACE_SECONDS 5
#define FIELD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define EQUALS(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), then, otherwise)
#define ANSWER_WITH(action) BPF_STMT(BPF_RET | BPF_K, action)
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define FILTER_MAX 128
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const int ALLOWED[] = {
  SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_lseek, SYS_close, SYS_fstat, SYS_newfstatat,
  SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk,
  SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_restart_syscall,
  SYS_sched_yield, SYS_sched_getaffinity, SYS_getcpu, SYS_futex, SYS_getrandom, SYS_getpid, SYS_gettid,
  SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_seccomp, SYS_exit, SYS_exit_group,
};

static void limit(int what, rlim_t value, rlim_t grace) {
  struct rlimit r = {value, value + grace};
  setrlimit(what, &r);
}

static int install(struct sock_filter* code, size_t count) {
  struct sock_fprog program = {(unsigned short)count, code};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* Files may still be opened for reading, since loading the artifact does: see `close_files`. */
static int refuse_calls(void) {
  struct sock_filter code[FILTER_MAX] = {FIELD(arch), EQUALS(ARCHITECTURE, 1, 0), ANSWER_WITH(SECCOMP_RET_KILL_PROCESS), FIELD(nr)};
  struct sock_filter rest[] = {
    /* abort() raises its signal so; no other process may be meant, and no signal that only others send. */
    EQUALS(SYS_tgkill, 0, 5), FIELD(args[0]), EQUALS(getpid(), 0, 7), FIELD(args[2]), EQUALS(SIGABRT, 0, 5), ANSWER_WITH(SECCOMP_RET_ALLOW),
    EQUALS(SYS_openat, 0, 3), FIELD(args[2]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)~O_CLOEXEC, 1, 0),
    ANSWER_WITH(SECCOMP_RET_ALLOW), ANSWER_WITH(REFUSE),
  };
  size_t at = 4;
  for (size_t n = 0; n < COUNT(ALLOWED); n++) {
    code[at++] = (struct sock_filter)EQUALS(ALLOWED[n], 0, 1);
    code[at++] = (struct sock_filter)ANSWER_WITH(SECCOMP_RET_ALLOW);
  }
  for (size_t n = 0; n < COUNT(rest); n++) code[at++] = rest[n];
  return install(code, at);
}

/* 0, or -1 where the kernel cannot confine. No thread must exist yet. */
static int confine(uint64_t memory_bytes, uint64_t cpu_seconds, int parent) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  limit(RLIMIT_AS, memory_bytes + BYTES_BESIDE_MEMORY, 0);
  /* With a signal of its own first: SIGKILL would look as if somebody had ended it. */
  limit(RLIMIT_CPU, cpu_seconds, CPU_GRACE_SECONDS);
  limit(RLIMIT_NOFILE, 8, 0);
  limit(RLIMIT_NPROC, 0, 0);
  limit(RLIMIT_FSIZE, 0, 0);
  limit(RLIMIT_CORE, 0, 0);
  syscall(SYS_capset, &header, none);
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -1 : refuse_calls();
}

/* After the artifact was loaded: nothing can be opened any more. */
static int close_files(void) {
  struct sock_filter code[] = {FIELD(nr), EQUALS(SYS_openat, 0, 1), ANSWER_WITH(REFUSE), ANSWER_WITH(SECCOMP_RET_ALLOW)};
  return install(code, COUNT(code));
}
