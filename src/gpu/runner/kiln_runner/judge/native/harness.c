/* The disposable process that runs one artifact of the cpu device: `harness CODE.so MEMORY_FD MEMORY_BYTES CPU_SECONDS PARENT_PID`.
 *
 * Commands on fd 0, answers on fd 1, both of fixed size (cpu/child.py packs them). It sees the memory of MEMORY_FD and nothing else of the
 * judge. The artifact can forge every answer: the judge checks outputs from its own copies and has the kernel's account of this process's
 * time. Appended to confine.h, so that the artifact can do nothing behind the judge's back.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#define ARGS_MAX 64
#define LAUNCHES_MAX 16
#define SLOTS_MAX 64
#define FILLS_MAX 16
#define SYMBOL_BYTES 128
#define PAGES_MAX 1024
#define HANDLER_STACK_BYTES (64 * 1024)
/* Answers of a process that touched memory beside what it can reach, before it ends; with the offset there. */
#define FAULT_READ (1ull << 62)
#define FAULT_WRITE (FAULT_READ + 1)

enum { ARG_POINTER, ARG_INTEGER, ARG_FLOAT };
enum { OP_BIND = 1, OP_RUN = 2, OP_REACH = 3, OP_FILL = 4 };
enum { START_READY, START_NOT_LOADABLE, START_UNCONFINED };

struct arg { uint64_t kind, value; };
struct launch { char symbol[SYMBOL_BYTES]; uint64_t args; struct arg arg[ARGS_MAX]; };
/* A variable of the artifact. `value`: an offset in the memory, or the bytes themselves. */
struct fill { char symbol[SYMBOL_BYTES]; uint64_t bytes, is_inline, value; };
struct filled { void* to; uint64_t bytes, value; const void* from; };
struct command { uint64_t op, slot, count; };
struct answer { uint64_t status, nanoseconds; };
struct pages { uint64_t offset, bytes; };
struct bound { void* function; uint64_t integers[ARGS_MAX]; double floats[8]; };

static struct bound bound[SLOTS_MAX][LAUNCHES_MAX];
static uint64_t launches_of[SLOTS_MAX];
static struct filled filled[SLOTS_MAX][FILLS_MAX];
static uint64_t fills_of[SLOTS_MAX];
/* For the handler of faults. */
static char* memory_start;
static uint64_t memory_bytes;
static int answers;

typedef void (*kernel)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, double, double, double, double, double, double, double, double,
                       uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                       uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/* Integer and float arguments travel in separate registers, in order, and integers that find none on the stack in order: so one call shape
 * serves every signature of up to 30 integers or pointers and 8 floats, on x86-64 and aarch64. */
static void call(const struct bound* b) {
  const uint64_t* i = b->integers;
  const double* f = b->floats;
  ((kernel)b->function)(i[0], i[1], i[2], i[3], i[4], i[5], f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], i[6], i[7], i[8], i[9], i[10], i[11],
                        i[12], i[13], i[14], i[15], i[16], i[17], i[18], i[19], i[20], i[21], i[22], i[23], i[24], i[25], i[26], i[27], i[28], i[29]);
}

static void take(int fd, void* to, size_t bytes) {
  for (char* at = to; bytes > 0;) {
    ssize_t n = read(fd, at, bytes);
    if (n <= 0) _exit(0);
    at += n;
    bytes -= (size_t)n;
  }
}

static void tell(int fd, uint64_t status, uint64_t nanoseconds) {
  struct answer a = {status, nanoseconds};
  if (write(fd, &a, sizeof a) != (ssize_t)sizeof a) _exit(0);
}

/* Of the memory, only these pages can be touched from now on. */
static void reach(int in, uint64_t count) {
  static struct pages pages[PAGES_MAX];
  take(in, pages, count * sizeof *pages);
  mprotect(memory_start, memory_bytes, PROT_NONE);
  for (uint64_t n = 0; n < count; n++) mprotect(memory_start + pages[n].offset, pages[n].bytes, PROT_READ | PROT_WRITE);
}

static int was_write(const ucontext_t* at) {
#if defined(__x86_64__)
  return (at->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
  const struct _aarch64_ctx* head = (const struct _aarch64_ctx*)at->uc_mcontext.__reserved;
  for (; head->magic; head = (const struct _aarch64_ctx*)((const char*)head + head->size))
    if (head->magic == ESR_MAGIC) return (((const struct esr_context*)head)->esr & 64) != 0;
  return 0;
#endif
}

/* Where in the memory a fault was, as an answer. Any other fault ends the process by its signal. */
static void on_fault(int number, siginfo_t* info, void* context) {
  uint64_t offset = (uint64_t)((char*)info->si_addr - memory_start);
  if ((char*)info->si_addr >= memory_start && offset < memory_bytes) {
    tell(answers, was_write(context) ? FAULT_WRITE : FAULT_READ, offset);
    _exit(0);
  }
  signal(number, SIG_DFL);
}

/* On a stack of its own: a candidate may have run out of the other one. */
static void catch_faults(void) {
  static char stack[HANDLER_STACK_BYTES];
  stack_t on = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaltstack(&on, 0);
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
}

/* 0, or 1 + the number of the launch whose kernel the artifact lacks. */
static uint64_t bind(int in, void* code, char* memory, const struct command* c) {
  uint64_t missing = 0;
  for (uint64_t n = 0; n < c->count; n++) {
    struct launch l;
    struct bound b = {0};
    uint64_t integers = 0, floats = 0;
    take(in, &l, sizeof l);
    l.symbol[SYMBOL_BYTES - 1] = 0;
    b.function = dlsym(code, l.symbol);
    for (uint64_t a = 0; a < l.args && a < ARGS_MAX; a++) {
      if (l.arg[a].kind == ARG_FLOAT && floats < 8) memcpy(&b.floats[floats++], &l.arg[a].value, 8);
      if (l.arg[a].kind == ARG_INTEGER) b.integers[integers++] = l.arg[a].value;
      if (l.arg[a].kind == ARG_POINTER) b.integers[integers++] = (uint64_t)(memory + l.arg[a].value);
    }
    if (!b.function && !missing) missing = n + 1;
    bound[c->slot][n] = b;
  }
  launches_of[c->slot] = missing ? 0 : c->count;
  fills_of[c->slot] = 0;
  return missing;
}

/* For the slot that was bound last: 0, or 1 + the number of the variable that the artifact lacks. */
static uint64_t fill(int in, void* code, char* memory, const struct command* c) {
  uint64_t missing = 0;
  for (uint64_t n = 0; n < c->count; n++) {
    struct fill f;
    struct filled* to = &filled[c->slot][n];
    take(in, &f, sizeof f);
    f.symbol[SYMBOL_BYTES - 1] = 0;
    *to = (struct filled){dlsym(code, f.symbol), f.bytes, f.value, f.is_inline ? 0 : memory + f.value};
    if (!to->to && !missing) missing = n + 1;
  }
  fills_of[c->slot] = missing ? 0 : c->count;
  return missing;
}

/* Runs slots [slot, slot + count) one after another; nanoseconds of processor time of all of them, so that a busy machine costs nobody. Variables are
 * filled within: the copy leaves them in the caches, and what a run finds there it must have paid for. */
static uint64_t run(const struct command* c) {
  struct timespec start, end;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
  for (uint64_t s = c->slot; s < c->slot + c->count; s++) {
    for (uint64_t n = 0; n < fills_of[s]; n++) {
      const struct filled* f = &filled[s][n];
      memcpy(f->to, f->from ? f->from : &f->value, f->bytes);
    }
    for (uint64_t n = 0; n < launches_of[s]; n++) call(&bound[s][n]);
  }
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  return (uint64_t)(end.tv_sec - start.tv_sec) * 1000000000ull + (uint64_t)(end.tv_nsec - start.tv_nsec);
}

static uint64_t most(const struct command* c) {
  switch (c->op) {
    case OP_BIND: return LAUNCHES_MAX;
    case OP_FILL: return FILLS_MAX;
    case OP_REACH: return PAGES_MAX;
    default: return SLOTS_MAX - c->slot;
  }
}

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  int memory_fd = atoi(argv[2]);
  uint64_t bytes = strtoull(argv[3], 0, 10);
  int in = fcntl(0, F_DUPFD_CLOEXEC, 3), out = fcntl(1, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDWR);
  dup2(null, 0), dup2(null, 1), dup2(null, 2), close(null);
  char* memory = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
  close(memory_fd);
  if (memory == MAP_FAILED) return 3;
  memory_start = memory, memory_bytes = bytes, answers = out;
  catch_faults();
  if (confine(bytes, strtoull(argv[4], 0, 10), atoi(argv[5]))) {
    tell(out, START_UNCONFINED, 0);
    return 5;
  }
  void* code = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (close_files()) return 6;
  tell(out, code ? START_READY : START_NOT_LOADABLE, 0);
  for (struct command c;;) {
    take(in, &c, sizeof c);
    if (c.slot >= SLOTS_MAX || c.count > most(&c)) return 4;
    if (c.op == OP_REACH) reach(in, c.count), tell(out, 0, 0);
    if (c.op == OP_BIND) tell(out, bind(in, code, memory, &c), 0);
    if (c.op == OP_FILL) tell(out, fill(in, code, memory, &c), 0);
    if (c.op == OP_RUN) tell(out, 0, run(&c));
  }
}
