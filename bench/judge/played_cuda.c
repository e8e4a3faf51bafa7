/* A CUDA driver without a GPU: it plays how long things take on one, and counts when the device had nothing to do.
 *
 * Time is played: it goes on by the processor time of the calling thread, by what each call costs in a real driver, and by what a wait waits for. So
 * what is measured is the judge's own work, whatever else the machine does. Device memory is memory of this process; helper kernels find nothing
 * wrong, but for what has a known answer (proof.py, canary.py). Costs are those of an H200, about. One thread. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;
typedef int R;
enum { OK = 0, INVALID = 1, OUT_OF_MEMORY = 2, NOT_READY = 600 };
enum { KINDS_MAX = 64, NAME_MAX_BYTES = 48, EVENTS_MAX = 65536, TOUCHED_MAX = 1 << 17 };

/* Nanoseconds of a call on the host, beyond what ctypes takes; and of the device. */
static double launch_ns = 3500, record_ns = 1000, memset_ns = 1300, copy_ns = 2500, upload_ns = 3000, query_ns = 300, load_ns = 350e3, unload_ns = 60e3,
              wake_ns = 1500, reset_ns = 2500, map_ns = 20e3;
/* Bytes a nanosecond. */
static const double write_rate = 3800, copy_rate = 2000, run_rate = 3900, draw_rate = 1750, mixture_rate = 1400;
static const double kernel_ns = 1300, compare_ns = 5e3, samples_ns = 9e3;

static double host_scale = 1.0, skipped, device_free_at, busy_ns, idle_ns;
static u64 gaps, calls;
static double GAP_LEAST_NS = 500;

static char names[KINDS_MAX][NAME_MAX_BYTES];
static int kinds, last_kind;
static double busy_with[KINDS_MAX], idle_between[KINDS_MAX][KINDS_MAX];
static u64 gaps_between[KINDS_MAX][KINDS_MAX];

static double clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Reading the clock costs more than most calls: that is not the judge's. */
static double reading_ns;
static u64 readings;
static double cpu_ns(void) { return (clock_ns() - ++readings * reading_ns) * host_scale; }
__attribute__((constructor)) static void calibrate(void) {
  double best = 1e9;
  for (int trial = 0; trial < 50; trial++) {
    double start = clock_ns();
    for (int n = 0; n < 98; n++) clock_ns();
    double each = (clock_ns() - start) / 99;
    if (each < best) best = each;
  }
  reading_ns = best;
}

static double now(void) { return cpu_ns() + skipped; }
static void takes(double ns) { skipped += ns, calls++; }
static void wait_until(double at) {
  double here = now();
  if (at > here) skipped += at - here + wake_ns;
}

static int kind_of(const char* name) {
  for (int n = 0; n < kinds; n++)
    if (!strcmp(names[n], name)) return n;
  if (kinds == KINDS_MAX) return KINDS_MAX - 1;
  strncpy(names[kinds], name, NAME_MAX_BYTES - 1);
  return kinds++;
}

/* What the bench does between these two takes no time. */
static double paused_at;
void played_pause(void) { paused_at = cpu_ns(); }
void played_resume(void) { skipped -= cpu_ns() - paused_at; }

/* Called with the nanoseconds that the device had nothing to do, by who then gives it something. */
static void (*on_gap)(double);
void played_on_gap(void (*callback)(double)) { on_gap = callback; }

/* What is queued starts when the device is free, but not before now. */
static void device(const char* name, double ns) {
  double here = now(), idle = here - device_free_at;
  int kind = kind_of(name);
  if (idle > 0) {
    idle_ns += idle;
    if (idle > GAP_LEAST_NS) {
      gaps++, gaps_between[last_kind][kind]++;
      if (on_gap) played_pause(), on_gap(idle), played_resume();
    }
    idle_between[last_kind][kind] += idle;
    device_free_at = here;
  }
  device_free_at += ns, busy_ns += ns, busy_with[kind] += ns, last_kind = kind;
}

static u64 noise_state = 88172645463325252ull;
static double noise(void) {
  noise_state ^= noise_state << 13, noise_state ^= noise_state >> 7, noise_state ^= noise_state << 17;
  return 1 + ((double)(noise_state >> 11) / 9007199254740992.0 - 0.5) * 0.01;
}

/* --- what the bench asks for */

void played_scale(double scale) { host_scale = scale; }
void played_costs(double per_call) {
  launch_ns *= per_call, record_ns *= per_call, memset_ns *= per_call, copy_ns *= per_call, upload_ns *= per_call, query_ns *= per_call;
}
/* Since the start. `with`: of what the device does. `between`: of the device's idle time, and of its gaps, [before][after], KINDS_MAX each. */
struct Figures {
  double now, cpu, busy, idle;
  u64 gaps, calls;
  double busy_with[KINDS_MAX], idle_between[KINDS_MAX][KINDS_MAX];
  u64 gaps_between[KINDS_MAX][KINDS_MAX];
};
void played_figures(struct Figures* to) {
  to->now = now(), to->cpu = now() - skipped, to->busy = busy_ns, to->idle = idle_ns, to->gaps = gaps, to->calls = calls;
  memcpy(to->busy_with, busy_with, sizeof busy_with);
  memcpy(to->idle_between, idle_between, sizeof idle_between), memcpy(to->gaps_between, gaps_between, sizeof gaps_between);
}
int played_kinds(void) { return kinds; }
const char* played_name(int n) { return names[n]; }

/* --- the driver */

R cuInit(unsigned flags) { return (void)flags, OK; }
R cuDeviceGet(int* device_out, int ordinal) { return *device_out = ordinal, OK; }
R cuDevicePrimaryCtxRetain(void** context, int d) { return (void)d, *context = (void*)16, OK; }
R cuCtxSetCurrent(void* context) { return (void)context, OK; }
R cuGetErrorName(int code, const char** name) { return (void)code, *name = "PLAYED_ERROR", OK; }
R cuCtxSynchronize(void) { return takes(query_ns), wait_until(device_free_at), OK; }
R cuStreamQuery(void* stream) { return (void)stream, takes(query_ns), now() < device_free_at ? NOT_READY : OK; }
R cuCtxSetLimit(int which, size_t value) { return (void)which, (void)value, OK; }
R cuCtxGetLimit(size_t* value, int which) { return (void)which, *value = 1024, OK; }
R cuCtxResetPersistingL2Cache(void) { return takes(reset_ns), OK; }
R cuDeviceGetName(char* buffer, int size, int d) { return (void)d, snprintf(buffer, (size_t)size, "a played GPU"), OK; }
R cuDeviceTotalMem_v2(size_t* size, int d) { return (void)d, *size = 141ull << 30, OK; }
R cuMemGetInfo_v2(size_t* free_bytes, size_t* total) { return *free_bytes = 130ull << 30, *total = 141ull << 30, OK; }
R cuDeviceGetAttribute(int* value, int which, int d) {
  (void)d;
  switch (which) {
    case 16: *value = 132; break;
    case 38: *value = 50 << 20; break;
    case 75: *value = 9; break;
    case 76: *value = 0; break;
    case 97: *value = 232448; break;
    case 5: *value = 2147483647; break;
    case 102: *value = 1; break;
    case 108: *value = 32 << 20; break;
    default: *value = 0;
  }
  return takes(query_ns), OK;
}

R cuMemGetAllocationGranularity(size_t* size, const void* p, int o) { return (void)p, (void)o, *size = 2 << 20, OK; }
R cuMemAddressReserve(u64* pointer, size_t size, size_t alignment, u64 address, u64 flags) {
  (void)alignment, (void)flags;
  if (size > 1ull << 40) return OUT_OF_MEMORY;
  void* got = mmap((void*)address, size + (2 << 20), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got == MAP_FAILED) return OUT_OF_MEMORY;
  *pointer = ((u64)got + (2 << 20) - 1) & ~((2ull << 20) - 1);
  return OK;
}
R cuMemAddressFree(u64 pointer, size_t size) { return munmap((void*)pointer, size), OK; }
R cuMemCreate(u64* handle, size_t size, const void* p, u64 flags) { return (void)size, (void)p, (void)flags, *handle = 1, takes(map_ns), OK; }
R cuMemRelease(u64 handle) { return (void)handle, OK; }
R cuMemMap(u64 at, size_t size, size_t offset, u64 handle, u64 flags) {
  (void)offset, (void)handle, (void)flags, takes(map_ns);
  int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  return mmap((void*)at, size, PROT_READ | PROT_WRITE, how, -1, 0) == (void*)at ? OK : OUT_OF_MEMORY;
}
R cuMemSetAccess(u64 at, size_t size, const void* d, size_t count) { return (void)at, (void)size, (void)d, (void)count, OK; }
R cuMemUnmap(u64 at, size_t size) {
  takes(map_ns);
  return mmap((void*)at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED ? INVALID : OK;
}
R cuMemHostAlloc(void** pointer, size_t size, unsigned flags) { return (void)flags, *pointer = calloc(1, size), *pointer ? OK : OUT_OF_MEMORY; }

// What programs that answer need, of which there are none here: a judge looks for it when it starts.
R cuMemExportToShareableHandle(void* to, u64 handle, int kind, u64 flags) { return (void)to, (void)handle, (void)kind, (void)flags, INVALID; }
R cuStreamWaitValue32_v2(void* s, u64 at, u32 value, unsigned flags) { return (void)s, (void)at, (void)value, (void)flags, INVALID; }
R cuStreamWriteValue32_v2(void* s, u64 at, u32 value, unsigned flags) { return (void)s, (void)at, (void)value, (void)flags, INVALID; }

static R set(const char* name, u64 at, size_t bytes, u32 value, int width) {
  takes(memset_ns);
  if (bytes <= TOUCHED_MAX)
    for (size_t n = 0; n < bytes; n += (size_t)width) memcpy((void*)(at + n), &value, (size_t)width);
  device(name, kernel_ns + (double)bytes / write_rate);
  return OK;
}
R cuMemsetD32Async(u64 at, unsigned v, size_t n, void* s) { return (void)s, set("memset", at, 4 * n, v, 4); }
R cuMemsetD16Async(u64 at, u16 v, size_t n, void* s) { return (void)s, set("memset", at, 2 * n, v, 2); }
R cuMemsetD8Async(u64 at, unsigned char v, size_t n, void* s) { return (void)s, set("memset", at, n, v, 1); }
static R copy(const char* name, u64 to, u64 from, size_t bytes, double host) {
  takes(host);
  if (bytes <= TOUCHED_MAX) memmove((void*)to, (void*)from, bytes);
  device(name, kernel_ns + (double)bytes / copy_rate);
  return OK;
}
R cuMemcpyDtoDAsync_v2(u64 to, u64 from, size_t n, void* s) { return (void)s, copy("copy", to, from, n, copy_ns); }
R cuMemcpyHtoDAsync_v2(u64 to, const void* from, size_t n, void* s) { return (void)s, copy("upload", to, (u64)from, n, upload_ns); }
R cuMemcpyDtoHAsync_v2(void* to, u64 from, size_t n, void* s) { return (void)s, copy("fetch", (u64)to, from, n, copy_ns); }
R cuMemcpyDtoH_v2(void* to, u64 from, size_t n) { return copy("download", (u64)to, from, n, upload_ns), wait_until(device_free_at), OK; }

static double events[EVENTS_MAX];
static int events_made;
R cuEventCreate(void** event, unsigned flags) { return (void)flags, *event = &events[events_made < EVENTS_MAX - 1 ? events_made++ : 0], OK; }
R cuEventRecord(void* event, void* stream) { return (void)stream, takes(record_ns), device("record", 300), *(double*)event = device_free_at, OK; }
R cuEventSynchronize(void* event) { return takes(query_ns), wait_until(*(double*)event), OK; }
R cuEventQuery(void* event) { return takes(query_ns), now() < *(double*)event ? NOT_READY : OK; }
R cuEventElapsedTime(float* ms, void* start, void* end) { return takes(query_ns), *ms = (float)((*(double*)end - *(double*)start) / 1e6), OK; }

static char functions[256][NAME_MAX_BYTES];
static int functions_known = 1;
R cuModuleLoadData(void** module, const void* image) { return (void)image, takes(load_ns), *module = (void*)32, OK; }
R cuModuleUnload(void* module) { return (void)module, takes(unload_ns), OK; }
R cuModuleGetGlobal_v2(u64* at, size_t* size, void* module, const char* name) { return (void)at, (void)size, (void)module, (void)name, INVALID; }
R cuModuleGetFunction(void** function, void* module, const char* name) {
  (void)module, takes(query_ns);
  int n = 1;
  while (n < functions_known && strcmp(functions[n], name)) n++;
  if (n == functions_known) strncpy(functions[functions_known++], name, NAME_MAX_BYTES - 1);
  return *function = (void*)(u64)n, OK;
}
R cuFuncGetAttribute(int* value, int which, void* f) { return (void)f, takes(query_ns), *value = which == 0 ? 1024 : 0, OK; }
R cuFuncSetAttribute(void* f, int which, int value) { return (void)f, (void)which, (void)value, OK; }
R cuOccupancyMaxActiveBlocksPerMultiprocessor(int* n, void* f, int t, size_t s) { return (void)f, (void)t, (void)s, *n = 8, OK; }
R cuFuncGetParamInfo(void* f, size_t n, size_t* offset, size_t* size) {
  (void)f, takes(query_ns);
  return n > 3 ? INVALID : (*offset = 8 * n, *size = n < 3 ? 8 : 4, OK);
}

#define ARG(type, n) (*(type*)parameters[n])
enum { PROOF_ELEMENTS = 64 };
static struct { u64 at, key; } drawn[64];
static u64* key_of(u64 at) {
  static int next;
  for (int n = 0; n < 64; n++)
    if (drawn[n].at == at) return &drawn[n].key;
  next = (next + 1) % 64, drawn[next].at = at;
  return &drawn[next].key;
}
static void stamp(u64 at, double when) {
  if (at) *(u64*)at = (u64)when;
}

static double bytes_of(int dtype, u64 elements) { return (void)dtype, 4.0 * (double)elements; }

R cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void* stream,
                 void** parameters, void** extra) {
  (void)gx, (void)gz, (void)bx, (void)by, (void)bz, (void)shared, (void)stream, (void)extra;
  const char* name = functions[(u64)f];
  takes(launch_ns);
  if (!strcmp(name, "kiln_turn")) {
    double bytes = ARG(u64, 7) == 1 && ARG(u64, 12) ? (double)ARG(u64, 1) * gy : 0;
    device(name, 2500 + bytes / write_rate);
    stamp(ARG(u64, 13), device_free_at - bytes / write_rate - 2500);
  } else if (!strcmp(name, "kiln_flush")) {
    device(name, kernel_ns + (double)ARG(u64, 1) * 16 / write_rate);
    stamp(ARG(u64, 2), device_free_at);
  } else if (!strncmp(name, "kiln_draw", 9)) {
    int at = name[9] ? 4 : 6;
    u64 found = ARG(u64, at + 2);
    double took = kernel_ns + bytes_of(ARG(int, 2), ARG(u64, 1)) / (name[9] ? mixture_rate : draw_rate);
    device(found ? "verify" : name, took);
    stamp(ARG(u64, at + 3), device_free_at - took);
    if (!found) *key_of(ARG(u64, 0)) = ARG(u64, at);
    else if (ARG(u64, 1) == PROOF_ELEMENTS || (ARG(u64, 1) == 1 << 18 && *key_of(ARG(u64, 0)) != ARG(u64, at))) *(u64*)found = ~0ull;
  } else if (!strcmp(name, "kiln_guard")) {
    u64 found = ARG(u64, 2);
    device(found ? "look at guards" : name, kernel_ns);
    if (found && gy == 1) ((u64*)found)[0] = ~0ull, ((u64*)found)[1] = 1;
  } else if (!strncmp(name, "kiln_compare_samples", 20)) {
    device(name, samples_ns);
  } else if (!strncmp(name, "kiln_compare", 12)) {
    u64 elements = ARG(u64, 2), *found = (u64*)ARG(u64, 6);
    double* sums = (double*)found + 3;
    device(name, compare_ns * (elements > 1 << 20) + kernel_ns + 2 * bytes_of(0, elements) / run_rate);
    sums[1] = (double)elements;
    if (elements == PROOF_ELEMENTS) found[0] = 64, found[1] = ~0ull, sums[0] = 64, sums[1] = 256;
    else if (elements == 1 << 18 && *key_of(ARG(u64, 0)) != *key_of(ARG(u64, 1))) found[0] = elements, found[1] = ~0ull;
  } else if (!strcmp(name, "kiln_delay")) {
    device(name, kernel_ns + (double)ARG(u64, 0));
    stamp(ARG(u64, 1), device_free_at);
  } else {
    device(name, (2000 + 12.0 * ARG(int, 3) / run_rate) * noise());
  }
  return OK;
}
